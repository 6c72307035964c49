//! Carries out words about files, and says what came of each:
//! `read PATH`, `write PATH TEXT`, `append PATH TEXT`, `list PATH`, `first PATH`, `remove PATH`,
//! `mkdir PATH`, `rename PATH PATH`, `link PATH PATH`, `hold N PATH`, `env NAME`; and to meet
//! limits: `fill BYTES PATH`, `resize BYTES PATH`, `make N FOLDER`, `nest N FOLDER`, `try N PATH`, `clock N`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match act(&words) {
        Ok(said) => println!("{said}"),
        Err(error) => {
            println!("error: {:?}", error.kind());
            std::process::exit(1);
        }
    }
}

fn act(words: &[&str]) -> io::Result<String> {
    let done = |()| "done".to_owned();
    match words {
        ["read", path] => fs::read_to_string(path),
        ["write", path, text] => fs::write(path, text).map(done),
        ["append", path, text] => OpenOptions::new()
            .append(true)
            .open(path)?
            .write_all(text.as_bytes())
            .map(done),
        ["list", path] => {
            let mut names = Vec::new();
            for entry in fs::read_dir(path)? {
                names.push(entry?.file_name().to_string_lossy().into_owned());
            }
            names.sort();
            Ok(names.join(" "))
        }
        ["first", path] => {
            let first = fs::read_dir(path)?.next().transpose()?;
            Ok(first.map_or("none", |_| "one").to_owned())
        }
        ["remove", path] => fs::remove_file(path).map(done),
        ["mkdir", path] => fs::create_dir(path).map(done),
        ["rename", from, to] => fs::rename(from, to).map(done),
        ["link", from, to] => fs::hard_link(from, to).map(done),
        ["hold", count, path] => {
            let mut held = Vec::new();
            for _ in 0..count.parse().unwrap_or(0) {
                held.push(File::open(path)?);
            }
            Ok(format!("held {}", held.len()))
        }
        ["fill", bytes, path] => {
            let mut file = File::create(path)?;
            let mut left: usize = bytes.parse().unwrap_or(0);
            while left > 0 {
                left -= file.write(&[b'x'; 4096][..left.min(4096)])?;
            }
            Ok("filled".to_owned())
        }
        ["resize", bytes, path] => {
            let file = OpenOptions::new().write(true).open(path)?;
            file.set_len(bytes.parse().unwrap_or(0)).map(done)
        }
        ["make", count, folder] => {
            for number in 0..count.parse().unwrap_or(0) {
                File::create(format!("{folder}/{number}"))?;
            }
            Ok("made".to_owned())
        }
        ["nest", count, folder] => {
            let mut path = (*folder).to_owned();
            for _ in 0..count.parse().unwrap_or(0) {
                path.push_str("/d");
                fs::create_dir(&path)?;
            }
            Ok("nested".to_owned())
        }
        ["try", count, path] => {
            let tries = 0..count.parse().unwrap_or(0);
            let read = tries.filter(|_| fs::read(path).is_ok()).count();
            Ok(format!("read {read} times"))
        }
        ["clock", count] => {
            for _ in 0..count.parse().unwrap_or(0) {
                let _ = std::time::SystemTime::now();
            }
            Ok("asked".to_owned())
        }
        ["env", name] => Ok(std::env::var(name).unwrap_or_else(|_| "(unset)".to_owned())),
        ["envs"] => Ok(std::env::vars().count().to_string()),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
