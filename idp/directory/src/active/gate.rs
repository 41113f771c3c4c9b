//! Stands between a server and the LDAP client library: only whole, small, well-shaped and awaited
//! messages pass.
//!
//! The library reads from a socket pair whose other end is here. A message that is too large, out of
//! shape, under an id that nothing waits for, or unasked ends the connection with a reason. Search
//! references are dropped, so no referral can be followed, by anyone.

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf,
};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use zeroize::{Zeroize as _, Zeroizing};

use super::ber::{Header, header};
use super::message::{Answer, Awaited, Request, answer, request};
use super::tasks::Task;

/// The largest message taken from a server, in octets: tokenGroups of 10,000 groups is 300 KB.
const LARGEST: usize = 4 * 1024 * 1024;
/// The largest request sent.
const LARGEST_REQUEST: usize = 256 * 1024;
/// Size of the read buffers.
const CHUNK: usize = 16 * 1024;

/// The running gate of one connection; dropping it closes the connection.
pub(crate) struct Gate {
    task: Task,
    reason: Arc<OnceLock<String>>,
}

impl Gate {
    /// Opens a gate before `server`, and gives the library's end.
    pub(crate) fn open<S>(server: S) -> io::Result<(StdUnixStream, Self)>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (outer, inner) = StdUnixStream::pair()?;
        inner.set_nonblocking(true)?;
        let (mut from_library, mut to_library) = UnixStream::from_std(inner)?.into_split();
        let (mut from_server, mut to_server) = tokio::io::split(server);
        let reason = Arc::new(OnceLock::new());
        let told = Arc::clone(&reason);
        let task = Task::spawn(async move {
            let awaited = Mutex::new(HashMap::new());
            let why = tokio::select! {
                why = pass_requests(&mut from_library, &mut to_server, &awaited) => why,
                why = pass_answers(&mut from_server, &mut to_library, &awaited) => why,
            };
            // Told before the library's end is closed, so that whoever notices the end can ask why.
            let _ = told.set(why);
        });
        Ok((outer, Self { task, reason }))
    }

    /// Why the connection ended, as far as is known.
    pub(crate) fn reason(&self) -> String {
        self.reason
            .get()
            .cloned()
            .unwrap_or_else(|| "the connection was lost".to_owned())
    }

    /// Whether the server can still be heard.
    pub(crate) fn is_open(&self) -> bool {
        !self.task.is_finished()
    }
}

async fn pass_requests<S>(
    from: &mut OwnedReadHalf,
    to: &mut WriteHalf<S>,
    awaited: &Mutex<HashMap<u32, Awaited>>,
) -> String
where
    S: AsyncWrite,
{
    // Binds pass through here: the buffer is wiped whenever it is empty, and at the end.
    let mut buffer = Zeroizing::new(Vec::with_capacity(CHUNK));
    loop {
        match from.read_buf(&mut *buffer).await {
            Ok(0) => {
                let _ = to.shutdown().await;
                return "closed by us".to_owned();
            }
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
        loop {
            let end = match whole(&buffer, LARGEST_REQUEST) {
                Ok(Some(end)) => end,
                Ok(None) => break,
                Err(reason) => return format!("our request has {reason}"),
            };
            let Some(message) = buffer.get(..end) else {
                break;
            };
            match request(message) {
                Ok(Request::Awaiting(id, kind)) => {
                    awaited
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(id, kind);
                }
                Ok(Request::Silent) => {}
                Err(reason) => return format!("our request has {reason}"),
            }
            if let Err(error) = to.write_all(message).await {
                return error.to_string();
            }
            if end == buffer.len() {
                buffer.zeroize();
            } else {
                buffer.drain(..end);
            }
        }
        if let Err(error) = to.flush().await {
            return error.to_string();
        }
    }
}

async fn pass_answers<S>(
    from: &mut ReadHalf<S>,
    to: &mut OwnedWriteHalf,
    awaited: &Mutex<HashMap<u32, Awaited>>,
) -> String
where
    S: AsyncRead,
{
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        match from.read_buf(&mut buffer).await {
            Ok(0) => return "the server closed the connection".to_owned(),
            Ok(_) => {}
            Err(error) => return error.to_string(),
        }
        let mut at = 0;
        loop {
            let rest = buffer.get(at..).unwrap_or_default();
            let length = match whole(rest, LARGEST) {
                Ok(Some(length)) => length,
                Ok(None) => break,
                Err(reason) => return format!("the server sent {reason}"),
            };
            let Some(message) = rest.get(..length) else {
                break;
            };
            match check(message, awaited) {
                Ok(true) => {
                    if let Err(error) = to.write_all(message).await {
                        return error.to_string();
                    }
                }
                Ok(false) => {}
                Err(reason) => return format!("the server sent {reason}"),
            }
            at += length;
        }
        buffer.drain(..at);
        if buffer.is_empty() && buffer.capacity() > LARGEST / 4 {
            buffer = Vec::with_capacity(CHUNK);
        }
    }
}

/// Whether a message is passed on.
fn check(message: &[u8], awaited: &Mutex<HashMap<u32, Awaited>>) -> Result<bool, &'static str> {
    let mut awaited = awaited.lock().unwrap_or_else(PoisonError::into_inner);
    match answer(message)? {
        Answer::Unsolicited => Err("a notice of disconnection"),
        Answer::Reference { id } => match awaited.get(&id) {
            Some(Awaited::Search) => Ok(false),
            _ => Err("a message that nothing waits for"),
        },
        Answer::Pass {
            id,
            awaited: kind,
            last,
        } => {
            if awaited.get(&id) != Some(&kind) {
                return Err("a message that nothing waits for");
            }
            if last {
                awaited.remove(&id);
            }
            Ok(true)
        }
    }
}

/// The length of the first message, when it is whole.
fn whole(buffer: &[u8], largest: usize) -> Result<Option<usize>, &'static str> {
    match header(buffer)? {
        Header::Partial => Ok(None),
        Header::Whole {
            tag: super::ber::SEQUENCE,
            header,
            content,
        } => match header.checked_add(content) {
            Some(length) if length <= largest => Ok((buffer.len() >= length).then_some(length)),
            _ => Err("a message that is too large"),
        },
        Header::Whole { .. } => Err("something that is no LDAP message"),
    }
}
