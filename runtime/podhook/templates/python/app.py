"""What is done before the container is stopped."""

import os

from wit_world import exports


class Run(exports.Run):
    def run(self) -> None:
        print(os.environ.get("FAREWELL", "goodbye"))
