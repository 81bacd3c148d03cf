"""The API server: `Api` serves requests on a store; `genesis` is the store of a fresh cluster."""

from .api import Api
from .call import Call, shown
from .genesis import genesis

__all__ = ["Api", "Call", "genesis", "shown"]
