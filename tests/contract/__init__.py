"""One suite for every bookkeeping tool: what all of them have to do, over real HTTP against the sandbox."""
