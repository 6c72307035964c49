//! Standard streams that are closed.
//!
//! The next file that is opened would get the number of one, and output would go there:
//! what Rust's own start looks after, without which this program does.

/// Opens `/dev/null` for each that is closed.
#[expect(unsafe_code, reason = "numbers that nobody owns")]
pub(crate) fn fill() {
    for stream in 0..3 {
        // SAFETY: numbers and a constant; the file gets the lowest number that is free,
        // which is this one, and is never closed.
        unsafe {
            if libc::fcntl(stream, libc::F_GETFD) == -1
                && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) == -1
            {
                // An image need not have it; this takes nothing, and is there always.
                libc::eventfd(0, 0);
            }
        }
    }
}
