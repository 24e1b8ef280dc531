"""httpbin where its tests look for it, and below the path that the edge hands over unchanged."""

from httpbin import app as httpbin
from werkzeug.middleware.dispatcher import DispatcherMiddleware

app = DispatcherMiddleware(httpbin, {"/httpbin": httpbin})
