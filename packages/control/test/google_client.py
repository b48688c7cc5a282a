"""Drives the management API with Google's own client, made from the API's discovery document. Argument: where the API listens;
environment: WHEREFROM_TOKEN, the token that it sends.

Prints one JSON line for each call: what was called, and what came back.
"""

import json
import os
import sys

import httplib2
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

root = sys.argv[1]
_, document = httplib2.Http().request(root + "/$discovery/rest?version=v1")
service = build_from_document(document, credentials=Credentials(os.environ["WHEREFROM_TOKEN"]))
environments = service.organizations().environments()

ORGANIZATION = "organizations/acme"
NAME = ORGANIZATION + "/environments/prod"
INDEX = {"headerIndexAlgorithm": {"ipHeaderName": "X-Forwarded-For", "ipHeaderIndex": -2}}


def say(what, request):
    try:
        answer = request.execute()
    except HttpError as error:
        answer = {"error": error.resp.status, "content": json.loads(error.content)}
    print(json.dumps([what, answer]), flush=True)
    return answer


say("create organization", service.organizations().create(parent="projects/acme", body={"displayName": "Acme"}))
say("list organizations", service.organizations().list(parent="organizations"))
say("create", environments.create(parent=ORGANIZATION, body={"name": "prod", "type": "BASE"}))
say("create again", environments.create(parent=ORGANIZATION, body={"name": "prod"}))
say("list", environments.list(parent=ORGANIZATION))
environment = say("get", environments.get(name=NAME))
say("update", environments.update(name=NAME, body={**environment, "clientIpResolutionConfig": INDEX}))
say("update without the policy", environments.update(name=NAME, body={**environment, "displayName": "Production"}))
say("updateEnvironment", environments.updateEnvironment(name=NAME, body={"description": "by POST"}))
operation = say(
    "modify",
    environments.modifyEnvironment(
        name=NAME,
        updateMask="client_ip_resolution_config.header_index_algorithm.ip_header_index",
        body={"clientIpResolutionConfig": {"headerIndexAlgorithm": {"ipHeaderIndex": 1}}},
    ),
)
say("modify wrongly", environments.modifyEnvironment(name=NAME, updateMask="colour", body={"type": "HUGE"}))
say("operation", service.organizations().operations().get(name=operation["name"]))
operations = service.organizations().operations()
request = operations.list(name=ORGANIZATION, pageSize=1)
pages = 0
while request is not None:
    answer = request.execute()
    pages += len(answer["operations"])
    request = operations.list_next(request, answer)
print(json.dumps(["operations", pages]), flush=True)
say("deployed", environments.getDeployedConfig(name=NAME + "/deployedConfig"))
say("some fields", environments.get(name=NAME, fields="name,clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex"))
say("explain", environments.explain(name=NAME, body={"peer": "10.0.0.1", "headers": [["X-Forwarded-For", "192.0.2.1, 192.0.2.2"]]}))
say("clear", environments.modifyEnvironment(name=NAME, updateMask="client_ip_resolution_config", body={"clientIpResolutionConfig": {}}))
say("get cleared", environments.get(name=NAME))
say("delete", environments.delete(name=NAME))
say("get deleted", environments.get(name=NAME))
say("delete organization", service.organizations().delete(name=ORGANIZATION))
