"""What a newcomer reads once everything runs."""

import json

from config.local.options import Options

PAGE = """
Laurel is running.

  Start here   {url}/
  Admin        {adminUrl}
               {email}  {password}
  API docs     {url}/api/docs/
  Demo shop    {shopUrl}

  Keys of the demo: secret {secretKey}
                    test   {testKey}
                    integration {integrationKey}

Give an advocate 100 points:

  {curl}

Mail is in {data}/mail, SMS in {data}/sms, logs in {data}/logs. Ctrl-C stops everything.
"""


def show(options: Options) -> None:
    """Print the addresses, the demo's keys and one line to try."""
    demo = json.loads((options.data / "demo.json").read_text())
    curl = (
        f"curl {options.url}/api/v1/advocates/{demo['advocateId']}/points "
        f"-H 'Authorization: Bearer {demo['secretKey']}' "
        """-H 'Content-Type: application/json' -d '{"amount": 100, "description": "hello"}'"""
    )
    print(PAGE.format(**demo, url=options.url, data=options.data, curl=curl), flush=True)
