//! What is done before the container is stopped.

const std = @import("std");

pub fn main(init: std.process.Init) !void {
    const farewell = init.environ_map.get("FAREWELL") orelse "goodbye";
    const stdout = std.Io.File.stdout();
    try stdout.writeStreamingAll(init.io, farewell);
    try stdout.writeStreamingAll(init.io, "\n");
}
