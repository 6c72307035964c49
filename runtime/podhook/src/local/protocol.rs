//! What podhook and a container's shim say to each other, and how it is framed.
//!
//! A message is its length in four bytes and then JSON; the files of a new process
//! travel with the first byte of the message that asks for it. Knows nothing of what
//! the messages lead to.

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// The container's main process; other numbers are hooks and probes.
pub(super) const MAIN: u64 = 0;

/// Far beyond what the kernel takes as arguments and environment.
const LONGEST: usize = 64 << 20;

/// What to execute, with nothing left to be looked up but the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Program {
    pub(super) argv: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) working_dir: String,
}

/// From podhook to the shim.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Comes with the files for stdout and stderr, or with none.
    Run { id: u64, program: Program },
    /// SIGTERM to the main process.
    Terminate,
    /// SIGKILL: to the container, or to one hook.
    Kill { id: u64 },
}

/// From the shim to podhook.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// The first word; why there is no overlay, where there is none.
    Ready {
        not_isolated: Option<String>,
    },
    Started {
        id: u64,
        pid: u32,
    },
    Refused {
        id: u64,
        why: String,
    },
    /// `killed`: because the container ended. For [`MAIN`] it is the last word.
    Exited {
        id: u64,
        code: i32,
        killed: bool,
    },
}

pub(super) fn frame<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let body = serde_json::to_vec(message)?;
    if body.len() > LONGEST {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "argument list too long",
        ));
    }
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    Ok([length.to_le_bytes().as_slice(), &body].concat())
}

/// How long the message is that these bytes begin.
pub(super) fn length(header: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_le_bytes(header)).map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(length)
}

/// Sends what fits of `bytes`, and all of `files` with it.
pub(super) fn send_with_files(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    files: &[OwnedFd],
) -> io::Result<usize> {
    let borrowed: Vec<_> = files.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !borrowed.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&borrowed)) {
        return Err(ErrorKind::InvalidInput.into());
    }
    let bytes = [IoSlice::new(bytes)];
    Ok(sendmsg(socket, &bytes, &mut control, SendFlags::NOSIGNAL)?)
}

/// The shim's end of the socket: it has nothing better to do than to wait.
pub(super) struct Control(UnixStream);

impl Control {
    /// Takes the socket that podhook put where stdin would be.
    pub(super) fn from_stdin() -> io::Result<Self> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        rustix::net::sockopt::socket_type(&stdin)?;
        Ok(Self(UnixStream::from(stdin)))
    }

    pub(super) fn send(&self, reply: &Reply) -> io::Result<()> {
        (&self.0).write_all(&frame(reply)?)
    }

    /// The next request with its files; an error where podhook is gone.
    pub(super) fn receive(&self) -> io::Result<(Request, Vec<OwnedFd>)> {
        let (header, files) = self.header()?;
        let mut body = vec![0; length(header)?];
        (&self.0).read_exact(&mut body)?;
        Ok((serde_json::from_slice(&body)?, files))
    }

    fn header(&self) -> io::Result<([u8; 4], Vec<OwnedFd>)> {
        let mut header = [0; 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::WAITALL;
        let got = recvmsg(
            &self.0,
            &mut [IoSliceMut::new(&mut header)],
            &mut control,
            flags,
        )?;
        let files = control.drain().filter_map(rights).flatten().collect();
        if got.bytes == header.len() {
            Ok((header, files))
        } else {
            Err(ErrorKind::UnexpectedEof.into())
        }
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn rights(message: RecvAncillaryMessage<'_>) -> Option<Vec<OwnedFd>> {
    if let RecvAncillaryMessage::ScmRights(files) = message {
        Some(files.collect())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Control, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Control(ours), theirs)
    }

    fn request(env: usize) -> Vec<u8> {
        let program = Program {
            argv: vec!["x".into()],
            env: vec![("K".into(), "v".repeat(env))],
            working_dir: "/".into(),
        };
        frame(&Request::Run { id: 7, program }).unwrap()
    }

    #[test]
    fn a_request_arrives_with_its_files() {
        let (control, socket) = pair();
        let (_reader, writer) = io::pipe().unwrap();
        let bytes = request(10);
        let sent = send_with_files(socket.as_fd(), &bytes, &[writer.into()]).unwrap();
        assert_eq!(sent, bytes.len());
        let (request, files) = control.receive().unwrap();
        assert!(matches!(request, Request::Run { id: 7, .. }));
        assert_eq!(files.len(), 1);
    }

    #[test]
    fn a_long_request_arrives_whole() {
        let (control, mut socket) = pair();
        let sender = std::thread::spawn(move || socket.write_all(&request(1 << 20)).unwrap());
        let (request, files) = control.receive().unwrap();
        sender.join().unwrap();
        assert!(files.is_empty());
        assert!(
            matches!(request, Request::Run { program, .. } if program.env[0].1.len() == 1 << 20)
        );
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        for bytes in [&b""[..], b"\x01", b"\xff\xff\xff\xff", b"\x02\0\0\0{]"] {
            let (control, mut socket) = pair();
            socket.write_all(bytes).unwrap();
            drop(socket);
            assert!(control.receive().is_err());
        }
    }
}
