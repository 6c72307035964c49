// What is done before the container is stopped.

import { getEnvironment } from "wasi:cli/environment@0.2.0";

export const run = {
  run() {
    const environment = new Map(getEnvironment());
    console.log(environment.get("FAREWELL") ?? "goodbye");
  },
};
