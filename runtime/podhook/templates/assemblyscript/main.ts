// What is done before the container is stopped.

const farewell = process.env.has("FAREWELL") ? process.env.get("FAREWELL") : "goodbye";
console.log(farewell);
