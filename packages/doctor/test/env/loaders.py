"""Reads env files with python-dotenv and with pydantic's settings, as a service would. In: JSON lines of paths. Out: a JSON line each."""

import io
import json
import logging
import os
import sys

import dotenv
from pydantic.env_settings import read_env_file

logging.disable(logging.CRITICAL)
base = dict(os.environ)


def load(path):
    os.environ.clear()
    os.environ.update(base)
    dotenv.load_dotenv(path)
    return {key: value for key, value in os.environ.items() if key not in base}


def settings(path):
    os.environ.clear()
    os.environ.update(base)
    return {key: value for key, value in read_env_file(path, case_sensitive=True).items() if value is not None}


def attempt(read, path):
    try:
        return read(path)
    except (ValueError, UnicodeError) as error:
        return {"": type(error).__name__}


for line in sys.stdin:
    path = json.loads(line)
    print(json.dumps({"python-dotenv": attempt(load, path), "pydantic-settings": attempt(settings, path)}), flush=True)
