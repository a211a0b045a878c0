"""An app that draws its own screens from a user token, which comes from the app's backend: it alone has the key.

LAUREL=https://laurel.example INTEGRATION_KEY=ik_live_… python user_app.py customer-42

It needs nothing but Python.
"""

import json
import os
import sys
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

LAUREL = os.environ["LAUREL"]


def token_for(user: str) -> str:
    """What the backend does, for the user whom it has signed in. A token is good for a day."""
    path = f"/api/v1/integration/user/{quote(user, safe='')}/token"
    request = Request(LAUREL + path, headers={"X-API-KEY": os.environ["INTEGRATION_KEY"]})
    with urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["token"])


class App:
    """What runs on the user's device: it has the token, and asks for nothing else."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def report(self, action: str, **data: Any) -> None:
        self._ask("action", {"action": action, "data": data})

    def draw(self) -> None:
        """Points, and every challenge with a box for each of its missions."""
        profile, config = self._ask("profile"), self._ask("config")
        print(f"{profile['metrics']['points']} points")
        for challenge in config["challenges"]:
            done = set(profile["challenges"][challenge["id"]]["missionsCompleted"])
            print(challenge["title"])
            for mission in challenge["missions"]:
                print(f"  [{'x' if mission['id'] in done else ' '}] {mission['title']}")

    def draw_news(self) -> None:
        for notice in self._ask("notifications"):
            print(f"* {notice['title']}")

    def _ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{LAUREL}/api/loyalty/{path}", data, self._headers), timeout=10) as answer:
            return json.loads(answer.read() or "{}").get("data")


def main(user: str) -> None:
    app = App(token_for(user))
    app.draw()
    app.report("ride_completed", km=12.5)
    app.draw_news()
    app.draw()


if __name__ == "__main__":
    main(sys.argv[1])
