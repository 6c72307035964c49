//! Everything a run leaves behind while it runs: output, log records, events,
//! memory charged, and which cap of the sandbox it met.
//!
//! Shared between the store and what outlives a host call (streams, requests), so
//! that a run that is cut off still has a true record.

use podhook_lifecycle::{
    Caps, CpuUsage, Event, Kept, Level, LogRecord, MemoryEvents, MemoryUsage, Meter, Output,
    OverLimit, Resource, Work,
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

mod stretches;

use stretches::Stretches;

/// Which of a guest's two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Gets a guest's output as it comes: what is kept of its beginning, or all of it where
/// only its end is. Must not block: it is
/// called from within the run.
pub trait Tee: Send + Sync {
    /// The next bytes of `stream`.
    fn write(&self, stream: Stream, bytes: &[u8]);

    /// A log record of the hook's, or of the host's (target `podhook`).
    fn log(&self, record: &LogRecord);
}

/// What a run leaves behind.
pub(crate) struct Record {
    meter: Arc<dyn Meter>,
    memory: AtomicU64,
    memory_peak: AtomicU64,
    kills: AtomicU64,
    cpu_nsec: AtomicU64,
    system_nsec: AtomicU64,
    requests: AtomicU64,
    disk: AtomicU64,
    files: AtomicU64,
    tee: Option<Arc<dyn Tee>>,
    caps: Caps,
    written: Mutex<Written>,
}

/// What the guest and the host wrote.
#[derive(Default)]
pub(crate) struct Written {
    stdout: Stretches,
    stderr: Stretches,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) events: Vec<Event>,
    pub(crate) termination_message: Option<String>,
    record_bytes: usize,
    dropped_records: u64,
    exhausted: Option<Resource>,
    over_limit: Option<OverLimit>,
    looked_for_folders: bool,
}

/// What the kernel's OOM killer would have done.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error(transparent)]
pub(crate) struct OomKilled(pub(crate) OverLimit);

/// A cap of the sandbox that ends the run at once.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("cap of the sandbox met: {}", .0.as_str())]
pub(crate) struct CapMet(pub(crate) Resource);

impl Record {
    pub(crate) fn new(meter: Arc<dyn Meter>, caps: Caps, tee: Option<Arc<dyn Tee>>) -> Self {
        Self {
            meter,
            memory: AtomicU64::new(0),
            memory_peak: AtomicU64::new(0),
            kills: AtomicU64::new(0),
            cpu_nsec: AtomicU64::new(0),
            system_nsec: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            disk: AtomicU64::new(0),
            files: AtomicU64::new(0),
            tee,
            caps,
            written: Mutex::default(),
        }
    }

    pub(crate) fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn meter(&self) -> &dyn Meter {
        &*self.meter
    }

    pub(crate) fn caps(&self) -> &Caps {
        &self.caps
    }

    /// Charges memory held on the guest's behalf, until the run ends or it is
    /// released.
    pub(crate) fn charge(&self, bytes: u64) -> Result<(), OomKilled> {
        if let Err(over) = self.meter.charge_memory(bytes) {
            self.kills.fetch_add(1, Relaxed);
            self.written().over_limit = Some(over);
            return Err(OomKilled(over));
        }
        let current = self.memory.fetch_add(bytes, Relaxed) + bytes;
        self.memory_peak.fetch_max(current, Relaxed);
        Ok(())
    }

    /// Releases memory charged before.
    pub(crate) fn release(&self, bytes: u64) {
        self.memory.fetch_sub(bytes, Relaxed);
        self.meter.uncharge_memory(bytes);
    }

    pub(crate) fn memory(&self) -> MemoryUsage {
        MemoryUsage {
            current: self.memory.load(Relaxed),
            peak: self.memory_peak.load(Relaxed),
            events: MemoryEvents::kills(self.kills.load(Relaxed)),
        }
    }

    /// Charges work that was done beside the guest's own.
    pub(crate) fn charge_cpu(&self, work: &Work) {
        self.count_cpu(work);
        self.meter.charge_cpu(work);
    }

    /// Counts work that its account is charged for by somebody else.
    pub(crate) fn count_cpu(&self, work: &Work) {
        self.cpu_nsec.fetch_add(work.cpu_nsec, Relaxed);
        self.system_nsec.fetch_add(work.system_nsec, Relaxed);
    }

    /// CPU time so far; periods are not counted here.
    pub(crate) fn cpu(&self) -> CpuUsage {
        CpuUsage {
            usage_nsec: self.cpu_nsec.load(Relaxed),
            system_nsec: self.system_nsec.load(Relaxed),
            ..CpuUsage::default()
        }
    }

    /// Keeps what the guest printed, or counts it.
    pub(crate) fn print(&self, stream: Stream, bytes: &[u8]) -> Result<(), OomKilled> {
        let cap = self.caps.output;
        let head = match self.caps.output_kept {
            Kept::Ends => cap - cap / 4,
            Kept::Tail => 0,
        };
        let grown = {
            let mut written = self.written();
            let kept = written.stream(stream);
            let before = kept.len();
            let fresh = kept.push(bytes, head, cap - head);
            let fresh = match self.caps.output_kept {
                Kept::Ends => fresh,
                Kept::Tail => bytes,
            };
            if let (Some(tee), false) = (&self.tee, fresh.is_empty()) {
                tee.write(stream, fresh);
            }
            kept.len() - before
        };
        self.charge(u64::try_from(grown).unwrap_or(u64::MAX))
    }

    /// Keeps a record of the guest's or the host's own, as long as there is room.
    pub(crate) fn log(&self, record: LogRecord) -> Result<(), OomKilled> {
        let size = size_of_log(&record);
        let kept = self.admit(size, |written| {
            if let Some(tee) = &self.tee {
                tee.log(&record);
            }
            written.logs.push(record);
        });
        self.charge(kept)
    }

    /// Keeps an event, as long as there is room.
    pub(crate) fn event(&self, event: Event) -> Result<(), OomKilled> {
        let size = size_of::<Event>() + event.reason.len() + event.note.len();
        let kept = self.admit(size, |written| written.events.push(event));
        self.charge(kept)
    }

    /// Keeps the text for `/dev/termination-log`, in place of the one before.
    pub(crate) fn termination_message(&self, text: String) -> Result<(), OomKilled> {
        let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.charge(size)?;
        let before = self.written().termination_message.replace(text);
        let freed = before.map_or(0, |before| before.len());
        self.release(u64::try_from(freed).unwrap_or(0));
        Ok(())
    }

    /// Keeps something of `size` where there is room; returns the bytes it takes.
    fn admit(&self, size: usize, keep: impl FnOnce(&mut Written)) -> u64 {
        let mut written = self.written();
        if written.record_bytes.saturating_add(size) > self.caps.records {
            written.dropped_records += 1;
            return 0;
        }
        written.record_bytes += size;
        keep(&mut written);
        u64::try_from(size).unwrap_or(u64::MAX)
    }

    /// A word of the host to whoever reads the report: what was refused, and which
    /// option would grant it. The same word is kept once.
    pub(crate) fn note(&self, level: Level, message: String) {
        let known = self
            .written()
            .logs
            .iter()
            .any(|log| log.target == HOST && log.message == message);
        if known {
            return;
        }
        let record = LogRecord {
            level,
            target: HOST.to_owned(),
            message,
            fields: Vec::new(),
        };
        // Not charged: a hook must not be killed for a word of ours.
        self.admit(size_of_log(&record), |written| written.logs.push(record));
    }

    /// How many requests there were, with this one.
    pub(crate) fn count_request(&self) -> u64 {
        self.requests.fetch_add(1, Relaxed) + 1
    }

    /// Counts bytes that are about to be written to a file.
    pub(crate) fn write_disk(&self, bytes: u64) -> Result<(), CapMet> {
        let before = self.disk.fetch_add(bytes.min(u64::MAX >> 1), Relaxed);
        match before.saturating_add(bytes) > self.caps.disk {
            true => Err(CapMet(Resource::Disk)),
            false => Ok(()),
        }
    }

    /// It came to nothing.
    pub(crate) fn not_written(&self, bytes: u64) {
        self.disk.fetch_sub(bytes.min(u64::MAX >> 1), Relaxed);
    }

    /// Counts something that is about to be made.
    pub(crate) fn make_file(&self) -> Result<(), CapMet> {
        match self.files.fetch_add(1, Relaxed) >= self.caps.files {
            true => Err(CapMet(Resource::Files)),
            false => Ok(()),
        }
    }

    /// A cap was met and the guest was told; if it does not succeed all the same,
    /// this is why.
    pub(crate) fn met(&self, resource: Resource) {
        self.written().exhausted.get_or_insert(resource);
    }

    pub(crate) fn cap_met(&self) -> Option<Resource> {
        self.written().exhausted
    }

    /// The charge that was refused, also where the guest's own error hides it.
    pub(crate) fn over_limit(&self) -> Option<OverLimit> {
        self.written().over_limit
    }

    pub(crate) fn looked_for_folders(&self) {
        self.written().looked_for_folders = true;
    }

    pub(crate) fn has_looked_for_folders(&self) -> bool {
        self.written().looked_for_folders
    }
}

/// Bytes a record takes, empty fields included.
fn size_of_log(record: &LogRecord) -> usize {
    let fields: usize = record
        .fields
        .iter()
        .map(|(name, value)| size_of::<(String, String)>() + name.len() + value.len())
        .sum();
    size_of::<LogRecord>() + record.target.len() + record.message.len() + fields
}

/// Target of the host's own log records.
const HOST: &str = "podhook";

impl Drop for Record {
    /// What the run still holds is given back to its account.
    fn drop(&mut self) {
        let held = *self.memory.get_mut();
        if held > 0 {
            self.meter.uncharge_memory(held);
        }
    }
}

impl Written {
    fn stream(&mut self, stream: Stream) -> &mut Stretches {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }

    /// Both streams as they are reported.
    pub(crate) fn take_output(&mut self) -> Output {
        let (stdout, stdout_cut) = std::mem::take(&mut self.stdout).finish();
        let (stderr, stderr_cut) = std::mem::take(&mut self.stderr).finish();
        Output {
            stdout,
            stderr,
            stdout_cut,
            stderr_cut,
        }
    }

    /// The records, with a last one that says how many found no room.
    pub(crate) fn take_logs(&mut self) -> Vec<LogRecord> {
        let mut logs = std::mem::take(&mut self.logs);
        if self.dropped_records > 0 {
            logs.push(LogRecord {
                level: Level::Warn,
                target: HOST.to_owned(),
                message: format!("{} records and events found no room", self.dropped_records),
                fields: Vec::new(),
            });
        }
        logs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use podhook_lifecycle::meter::Free;

    #[test]
    fn empty_fields_take_room_too() {
        let record = Record::new(Arc::new(Free), Caps::default(), None);
        let log = |fields| LogRecord {
            level: Level::Info,
            target: String::new(),
            message: String::new(),
            fields: vec![(String::new(), String::new()); fields],
        };
        record.log(log(1_000_000)).unwrap();
        assert_eq!(record.written().logs.len(), 0);
        for _ in 0..1000 {
            record.log(log(100)).unwrap();
        }
        assert_eq!(record.written().logs.len(), 13);
        let last = record.written().take_logs().pop().unwrap();
        assert_eq!(last.message, "988 records and events found no room");
        assert!(record.memory().current <= 64 << 10);
    }
}
