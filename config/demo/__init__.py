"""The demo: four invented companies, each with books at another tool, their customers and documents, and the walk from draft to paid."""
