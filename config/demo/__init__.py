"""The demo: three invented companies with their customers and documents, and the walk from draft to paid."""
