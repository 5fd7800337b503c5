"""HTTP/1.1 towards others, by hand on asyncio and httptools: what `infra.httpclient` is made of."""
