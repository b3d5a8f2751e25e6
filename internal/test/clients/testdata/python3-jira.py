# SPDX-License-Identifier: Apache-2.0
"""Debian's python3-jira. usage: python3-jira.py story|myself|create, with JIRA_URL, JIRA_AUTH, JIRA_USER and JIRA_TOKEN."""

import io
import os
import sys

from jira import JIRA, JIRAError

FILE = "ü 100%;[1].txt"
CONTENT = b"hello " * 10000


def connect():
    auth = {"token_auth": os.environ["JIRA_TOKEN"]}
    if os.environ["JIRA_AUTH"] == "basic":
        auth = {"basic_auth": (os.environ["JIRA_USER"], os.environ["JIRA_TOKEN"])}
    retries = int(os.environ.get("JIRA_RETRIES", "0"))
    return JIRA(os.environ["JIRA_URL"], max_retries=retries, **auth)


def create(jira):
    fields = {"project": {"key": "DEMO"}, "summary": "by python3-jira", "issuetype": {"name": "Task"}}
    return jira.create_issue(fields=fields)


def story(jira):
    print("myself", jira.myself()["name"])
    print("search", jira.search_issues('project = DEMO AND key = "DEMO-1"')[0].key)
    issue = create(jira)
    print("create", issue.key)
    print("comment", jira.add_comment(issue, "100% [a|b]; ü").body)
    attached = jira.add_attachment(issue, io.BytesIO(CONTENT), filename=FILE)
    print("attach", attached.filename)
    print("download", jira.attachment(attached.id).get() == CONTENT)


try:
    {"story": story, "myself": lambda j: j.myself(), "create": create}[sys.argv[1]](connect())
except JIRAError as error:
    print("error", error.status_code, error.text)
