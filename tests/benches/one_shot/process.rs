//! One process, from its making to its end.

use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::Instant;

/// What a process cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall_us: f64,
    /// Its own, user and system.
    pub(crate) cpu_us: f64,
    pub(crate) peak_bytes: u64,
}

/// A program and its words, ready to be started.
pub(crate) struct Program {
    words: Vec<CString>,
    null: File,
}

impl Program {
    pub(crate) fn new(words: &[&str]) -> Self {
        let null = File::options().read(true).write(true).open("/dev/null");
        Self {
            words: words
                .iter()
                .map(|word| CString::new(*word).unwrap())
                .collect(),
            null: null.unwrap(),
        }
    }

    /// Starts it by `posix_spawn` and waits. It has to succeed.
    #[allow(unsafe_code)]
    pub(crate) fn run(&self) -> Cost {
        let mut words: Vec<*mut libc::c_char> = self
            .words
            .iter()
            .map(|word| word.as_ptr().cast_mut())
            .collect();
        words.push(ptr::null_mut());
        let mut environment = [ptr::null_mut()];
        let null = self.null.as_raw_fd();
        // SAFETY: all pointers are to locals that outlive the calls, lists end in null.
        unsafe {
            let mut actions = std::mem::zeroed();
            libc::posix_spawn_file_actions_init(&raw mut actions);
            for stream in 0..3 {
                libc::posix_spawn_file_actions_adddup2(&raw mut actions, null, stream);
            }
            let (mut pid, mut status, mut usage) = (0, 0, std::mem::zeroed::<libc::rusage>());
            let began = Instant::now();
            let error = libc::posix_spawn(
                &raw mut pid,
                words[0],
                &raw const actions,
                ptr::null(),
                words.as_ptr(),
                environment.as_mut_ptr(),
            );
            assert_eq!(error, 0, "{:?}", self.words);
            libc::wait4(pid, &raw mut status, 0, &raw mut usage);
            let wall = began.elapsed();
            libc::posix_spawn_file_actions_destroy(&raw mut actions);
            assert_eq!(status, 0, "{:?}", self.words);
            let micros = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
            Cost {
                wall_us: wall.as_secs_f64() * 1e6,
                cpu_us: micros(usage.ru_utime) + micros(usage.ru_stime),
                peak_bytes: usage.ru_maxrss.cast_unsigned() << 10,
            }
        }
    }
}
