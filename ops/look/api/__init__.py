"""What the hub tells whoever builds the other end: OpenAPI, AsyncAPI, and a page of both."""
