//! Lines to sessions that take nothing: here they are actors that do not run until the test waits.

use std::sync::Mutex;

use actix::{Actor, Context, Handler};
use streakline_core::{
    id::ChallengeId,
    view::{ChallengePhase, RankState, RankView},
};

use super::*;

const MAILBOX: usize = 40;

/// Notes what it takes, and why it was cut off.
struct Taker {
    line: Arc<OnceLock<Arc<Line>>>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Actor for Taker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Push> for Taker {
    type Result = ();

    fn handle(&mut self, push: Push, _: &mut Self::Context) {
        let word = match (self.line.get().unwrap().took(), push) {
            (Some(reason), _) => format!("cut: {}", reason.code),
            (None, Push::End(reason)) => format!("end: {}", reason.code),
            (None, _) => "push".to_owned(),
        };
        self.taken.lock().unwrap().push(word);
    }
}

/// A socket in a table of its own.
struct Scene {
    sessions: Sessions,
    handle: SessionHandle,
    line: Arc<Line>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Scene {
    async fn new() -> Self {
        let (sessions, taken) = (Sessions::new(1), Arc::new(Mutex::default()));
        let line = Arc::new(OnceLock::new());
        let taker = Taker {
            line: line.clone(),
            taken: Arc::clone(&taken),
        };
        let recipient = taker.start().recipient();
        let (handle, shared) = sessions.register(recipient, 1_000);
        line.set(shared.clone()).unwrap();
        let scene = Self {
            sessions,
            handle,
            line: shared,
            taken,
        };
        scene.runs().await;
        scene
    }

    /// Lets the actor take what waits.
    async fn runs(&self) -> Vec<String> {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        std::mem::take(&mut self.taken.lock().unwrap())
    }

    /// How many of these are taken before there is no room.
    fn room(&self, push: &Push) -> usize {
        let pushed = || self.sessions.push(self.handle, push.clone()).is_ok();
        (0..1_000).take_while(|_| pushed()).count()
    }
}

fn fact() -> Push {
    Push::Drain { retry_after_ms: 1 }
}

fn state() -> Push {
    Push::Rank(Box::new(RankView {
        measure: streakline_core::definition::Measure::Count,
        challenge: ChallengeId::parse("01960000-0000-7000-8000-000000000001").unwrap(),
        rank: 1,
        prev_rank: None,
        score: 1,
        participants: 1,
        phase: ChallengePhase::Open,
        state: RankState::Provisional,
        version: 1,
        error_bound: None,
    }))
}

#[actix_web::test]
async fn states_leave_room_for_what_must_not_be_lost() {
    let scene = Scene::new().await;
    assert_eq!(scene.room(&state()), STATES_WAITING_MAX);
    assert!(scene.room(&fact()) >= MAILBOX - STATES_WAITING_MAX);
    assert!(scene.runs().await.len() >= MAILBOX);
    assert_eq!(scene.room(&state()), STATES_WAITING_MAX);
}

#[actix_web::test]
async fn a_full_mailbox_loses_no_reason_and_what_waits_in_it_is_not_told() {
    for cut in [true, false] {
        let scene = Scene::new().await;
        assert!(scene.room(&fact()) >= MAILBOX);
        match cut {
            true => scene.sessions.cut(scene.handle, CloseReason::SLOW_READER),
            false => scene.sessions.end(scene.handle, CloseReason::SLOW_READER),
        }
        assert!(scene.sessions.is_empty(), "nothing more is pushed");
        assert_eq!(scene.line.fate(), Some(CloseReason::SLOW_READER));
        assert_eq!(scene.runs().await[0], "cut: slow_reader");
    }
}

#[actix_web::test]
async fn a_socket_that_reads_is_told_what_waits_before_its_end() {
    let scene = Scene::new().await;
    scene.sessions.push(scene.handle, fact()).unwrap();
    scene.sessions.push(scene.handle, fact()).unwrap();
    scene.sessions.end(scene.handle, CloseReason::REPLACED);
    scene.sessions.end(scene.handle, CloseReason::SLOW_READER);
    let refused = scene.sessions.push(scene.handle, fact());
    assert!(matches!(refused, Err(SendError::Closed(_))));
    assert_eq!(scene.runs().await, ["push", "push", "end: replaced"]);
}

#[actix_web::test]
async fn only_a_session_that_has_not_run_for_long_is_frozen() {
    let scene = Scene::new().await;
    let cut = |now_ms| {
        let sessions = &scene.sessions;
        sessions.cut_frozen(CloseReason::SLOW_READER, now_ms, 15_000);
        sessions.len()
    };
    assert_eq!(cut(16_000), 1);
    scene.line.awake(10_000);
    assert_eq!(cut(25_000), 1);
    assert_eq!(cut(25_001), 0);
    assert_eq!(scene.runs().await, ["cut: slow_reader"]);
}
