"""Released weights of timm and torchvision, downloaded or from the caches of these libraries."""

import os
import socket
import urllib.request
from urllib.parse import urlsplit

from torch import nn

from ballast.encoders.backbone import library, unknown
from ballast.runtime.errors import BallastError

HUB = "https://huggingface.co"
SECONDS = 5  # to wait for a connection


def released(source: str, name: str) -> nn.Module:
    """Return a network with the weights that its library released, classifier included.

    Raises:
        BallastError: there is no such network or there are no weights of it, or no network to fetch them by.
    """
    endpoint = os.environ.get("HF_ENDPOINT", HUB)
    if source == "timm" and not reachable(endpoint):
        os.environ["HF_HUB_OFFLINE"] = "1"  # read when the library is imported: without it, it tries for a minute
    models = library("timm" if source == "timm" else "torchvision.models")
    known = models.is_model(name) if source == "timm" else name in models.list_models(module=models)
    if not known:
        names = models.list_models() if source == "timm" else models.list_models(module=models)
        raise unknown(name, source, names)
    try:
        if source == "timm":
            return models.create_model(name, pretrained=True)
        return models.get_model(name, weights="DEFAULT")
    except Exception as error:  # libraries for downloads raise many kinds
        raise BallastError(f"{name}: expected weights from the network or in the cache of {source}, got an error "
                           f"({(str(error).splitlines() or [type(error).__name__])[0][:200]}); where there is no "
                           f"network, fetch them on another machine and copy the file") from error


def reachable(address: str) -> bool:
    """Return whether a server answers; behind a proxy, assume so."""
    if urllib.request.getproxies():
        return True
    place = urlsplit(address)
    try:
        socket.create_connection((place.hostname, place.port or 443), SECONDS).close()
    except OSError:
        return False
    return True
