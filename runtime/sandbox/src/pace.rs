//! One run's pace: when it computes, what that costs, and when it has to pause.
//!
//! Work is measured in stretches, from before the store is made until after it is
//! dropped. While the guest computes, the epoch's callback looks up ([`Pace::look_up`])
//! when the allowance of its account is spent or its slice is over; the guest then
//! yields, and [`Paced`] does not go on with it before there is CPU time again and it is
//! its turn. The rules of quotas are the meter's, those of turns are `turns`'s.

use crate::alarm::Alarm;
use crate::engine::Engine;
use crate::helpers;
use crate::record::Record;
use crate::stretch::Stretch;
use crate::turns::{Seat, Turns};
use crate::verdict::DeadlinePassed;
use podhook_lifecycle::{Allowance, Bell, CpuUsage, PeriodCount, Periods, Work};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Shared between the run and the epoch's callback.
pub(crate) struct Pace {
    record: Arc<Record>,
    alarm: Arc<Alarm>,
    turns: Arc<Turns>,
    deadline: Option<Instant>,
    periods: Option<Periods>,
    /// Whether threads of the blocking pool may work for this run.
    has_helpers: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// This thread works for the run.
    stretch: Option<Stretch>,
    /// It was allowed to, then, and so far.
    allowed: Option<(Instant, Allowance)>,
    slice_ends: Option<Instant>,
    /// The guest was told to yield.
    gave_way: Option<Pause>,
    /// CPU time of this turn so far.
    turn_nsec: u64,
    active: PeriodCount,
    throttled: PeriodCount,
    throttled_usec: u64,
}

/// When a guest that yields has done so for long.
const LATER: Duration = Duration::from_secs(1);

/// What a guest that yielded waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// Its turn.
    Turn,
    /// CPU time.
    Throttled { from: Instant, until: Instant },
}

/// What the guest is to do that looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    Continue,
    GiveWay,
}

impl Pace {
    /// `begun`: the stretch that is under way.
    pub(crate) fn new(
        record: Arc<Record>,
        engine: &Engine,
        deadline: Option<Instant>,
        has_helpers: bool,
        begun: Stretch,
    ) -> Self {
        Self {
            alarm: engine.alarm.clone(),
            turns: engine.turns.clone(),
            deadline,
            periods: record.meter().periods(begun.began()),
            record,
            has_helpers,
            state: Mutex::new(State {
                stretch: Some(begun),
                ..State::default()
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether CPU time is limited, here or above.
    pub(crate) fn has_quota(&self) -> bool {
        self.periods.is_some()
    }

    pub(crate) fn seat(&self) -> Seat<'_> {
        Seat::new(self.turns.clone(), self.record.meter())
    }

    /// When whoever computes has to look up next, whatever else happens.
    fn next_look(&self, state: &State, now: Instant) -> Instant {
        let allowed = match state.allowed {
            Some((began, Allowance::Left(left))) => Some(began + left),
            Some((_, Allowance::Unlimited | Allowance::Throttled { .. })) | None => None,
        };
        let slice_ends = state.slice_ends.unwrap_or(now);
        let times = [allowed, self.deadline];
        times.into_iter().flatten().fold(slice_ends, Instant::min)
    }

    /// This thread works for the run from now on, if it does not already.
    pub(crate) fn open(&self) {
        let begin = || match self.turns.is_alone() && helpers::is_event_loop() {
            true => Stretch::go_on(),
            false => Stretch::start(),
        };
        self.state().stretch.get_or_insert_with(begin);
    }

    /// It does no longer. Returns the time.
    pub(crate) fn close(&self) -> Instant {
        let state = &mut *self.state();
        let until = self.settle(state);
        state.stretch = None;
        until
    }

    /// Charges what was worked so far; the stretch goes on.
    fn settle(&self, state: &mut State) -> Instant {
        let Some(stretch) = &mut state.stretch else {
            return Instant::now();
        };
        let work = stretch.split();
        self.record.count_cpu(&work);
        state.turn_nsec += work.cpu_nsec;
        if let Some(periods) = &self.periods {
            let span = (periods.number(work.from), periods.number(work.until));
            state.active.add(span);
        }
        match state.allowed.take() {
            Some((began, _)) => self.record.meter().end_work(began, &work),
            None => self.record.meter().charge_cpu(&work),
        }
        if self.has_helpers {
            self.settle_helpers(work.until);
        }
        work.until
    }

    /// What other threads did for a hook that is polled now was most likely for it.
    fn settle_helpers(&self, now: Instant) {
        let cpu_nsec = helpers::used_since_asked();
        if cpu_nsec > 0 {
            self.record.charge_cpu(&Work {
                from: now,
                until: now,
                cpu_nsec,
                // They make system calls and nothing else.
                system_nsec: cpu_nsec,
            });
        }
    }

    /// Asks for an allowance; `Err`: how long to pause instead.
    fn admit(&self, state: &mut State, now: Instant) -> Result<(), Pause> {
        let bell: Arc<dyn Bell> = self.alarm.clone();
        let allowance = self.record.meter().begin_work(now, &bell);
        if let Allowance::Throttled { until } = allowance {
            return Err(Pause::Throttled { from: now, until });
        }
        state.allowed = Some((now, allowance));
        Ok(())
    }

    /// Begins a turn.
    fn begin(&self, now: Instant) -> Result<(), Pause> {
        let state = &mut *self.state();
        self.admit(state, now)?;
        state.turn_nsec = 0;
        state.gave_way = None;
        state.slice_ends = Some(now + self.turns.slice());
        // In this order: a ring that falls between the two is rung again.
        self.alarm.computes();
        self.alarm.at(self.next_look(state, now));
        Ok(())
    }

    /// Lets the guest compute, after [`Pace::begin`].
    fn computing<T>(&self, guest: impl FnOnce() -> T) -> T {
        /// Also where it panics.
        struct Rests<'p>(&'p Alarm);
        impl Drop for Rests<'_> {
            fn drop(&mut self) {
                self.0.rests();
            }
        }
        let _rests = Rests(&self.alarm);
        guest()
    }

    /// The guest looked up: it may go on, or gives way.
    ///
    /// # Errors
    /// Where its deadline passed.
    pub(crate) fn look_up(&self) -> Result<Advice, DeadlinePassed> {
        let now = Instant::now();
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            return Err(DeadlinePassed);
        }
        let state = &mut *self.state();
        let advice = self.advise(state, now);
        match advice {
            Advice::Continue => self.alarm.at(self.next_look(state, now)),
            // Whoever is next asks itself.
            Advice::GiveWay => self.alarm.answered(now + LATER),
        }
        Ok(advice)
    }

    fn advise(&self, state: &mut State, now: Instant) -> Advice {
        if let Some((_, Allowance::Left(_))) = state.allowed {
            let now = self.settle(state);
            if let Err(pause) = self.admit(state, now) {
                state.gave_way = Some(pause);
                return Advice::GiveWay;
            }
        }
        if state.slice_ends.is_some_and(|ends| now >= ends) {
            state.gave_way = Some(Pause::Turn);
            return Advice::GiveWay;
        }
        // Others may have come meanwhile.
        let ends = now + self.turns.slice();
        state.slice_ends = state.slice_ends.map(|before| before.min(ends));
        Advice::Continue
    }

    /// Counts a pause for want of CPU time.
    fn paused(&self, from: Instant, until: Instant) {
        let state = &mut *self.state();
        if let Some(periods) = &self.periods {
            let span = periods.paused(from, until);
            state.active.add(span);
            state.throttled.add(span);
        }
        let stood = until.saturating_duration_since(from).as_micros();
        state.throttled_usec += u64::try_from(stood).unwrap_or(0);
        self.record.meter().charge_throttled(from, until);
    }

    /// `cpu.stat` of this run so far.
    pub(crate) fn usage(&self) -> CpuUsage {
        let state = self.state();
        CpuUsage {
            nr_periods: state.active.count,
            nr_throttled: state.throttled.count,
            throttled_usec: state.throttled_usec,
            ..self.record.cpu()
        }
    }
}

/// Polls a guest at the run's pace.
pub(crate) struct Paced<'p, F> {
    guest: F,
    pace: &'p Pace,
    seat: Seat<'p>,
    throttled: Option<(Instant, Instant)>,
}

impl<'p, F> Paced<'p, F> {
    pub(crate) fn new(guest: F, pace: &'p Pace) -> Self {
        Self {
            guest,
            pace,
            seat: pace.seat(),
            throttled: None,
        }
    }

    /// Waits until there is CPU time again.
    fn throttle(&mut self, from: Instant, until: Instant, cx: &Context<'_>) {
        self.throttled = Some((from, until));
        self.pace.alarm.wake(until, cx.waker().clone());
    }

    /// CPU time of the turn that is over, where anybody wants to know.
    fn turn_nsec(&self) -> u64 {
        if !self.seat.queues() {
            return 0;
        }
        let state = &mut *self.pace.state();
        self.pace.settle(state);
        state.turn_nsec
    }
}

impl<F: Future + Unpin> Future for Paced<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let now = Instant::now();
        // Whoever polls this knows of the deadline, and ends it.
        if this.pace.deadline.is_some_and(|deadline| now >= deadline) {
            return Poll::Pending;
        }
        if let Some((from, until)) = this.throttled {
            if now < until {
                this.throttle(from, until, cx);
                return Poll::Pending;
            }
            this.throttled = None;
            this.pace.paused(from, now);
        }
        if !this.seat.is_next(cx.waker()) {
            return Poll::Pending;
        }
        if let Err(Pause::Throttled { from, until }) = this.pace.begin(now) {
            this.seat.rest(0);
            this.throttle(from, until, cx);
            return Poll::Pending;
        }
        let polled = this.pace.computing(|| Pin::new(&mut this.guest).poll(cx));
        let gave_way = this.pace.state().gave_way.take();
        let used = this.turn_nsec();
        match gave_way.filter(|_| polled.is_pending()) {
            Some(Pause::Turn) => this.seat.give_way(used, cx.waker()),
            Some(Pause::Throttled { from, until }) => {
                this.seat.rest(used);
                this.throttle(from, until, cx);
            }
            None => this.seat.rest(used),
        }
        polled
    }
}

impl<F> Drop for Paced<'_, F> {
    /// Who is cut off while it is throttled was throttled until then.
    fn drop(&mut self) {
        if let Some((from, until)) = self.throttled {
            self.pace.paused(from, until.min(Instant::now()));
        }
    }
}

/// Makes a guest yield once; who polls it decides when to go on.
#[derive(Default)]
pub(crate) struct YieldOnce {
    yielded: bool,
}

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match std::mem::replace(&mut self.yielded, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// Measures and charges a task that works for a run beside its guest.
pub(crate) struct Charged<F> {
    pub(crate) task: F,
    pub(crate) record: Arc<Record>,
}

impl<F: Future + Unpin> Future for Charged<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut stretch = Stretch::start();
        let polled = Pin::new(&mut self.task).poll(cx);
        self.record.charge_cpu(&stretch.split());
        polled
    }
}
