//! An agent's question from the folder of the guardrails to the person at the screen, and back to the agent: the real
//! operations on the real threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mfm::model::ports::{Clock, Confirm, ConfirmAnswer, ConfirmQuestion, Danger, Entropy, NoSecrets, Reporter};
use mfm::ops::Context;
use mfm::ops::agents::{Agents, Handle, Limits, RequestedWrite, WriteTerms, short_code};
use mfm::tui::dialog::{DangerousAction, Overlay};
use mfm::tui::job::JobLane;
use mfm::tui::message::{Effect, Message};
use mfm::tui::workers::{TuiHost, Workers};
use mfm_journal::{Digest, Face, LockHolder};

use crate::world::{SIZES, TestEntropy, World, angles_on};

const CLIENT: &str = "tester";
/// How long a question lives.
const LIFE_US: i64 = 600_000_000;

/// A clock that goes on by a millisecond with every look, and can be set forward.
#[derive(Clone)]
struct SharedClock(Arc<AtomicI64>);

impl Clock for SharedClock {
    fn now_us(&self) -> i64 {
        self.0.fetch_add(1_000, Ordering::SeqCst)
    }

    fn local_time(&self) -> jiff::civil::DateTime {
        jiff::civil::date(2024, 6, 29).at(12, 0, 0, 0)
    }
}

/// Ids that differ, or that all begin with the same code.
struct Ids {
    last: AtomicU64,
    are_twins: bool,
}

impl Ids {
    const fn new(are_twins: bool) -> Self {
        Self { last: AtomicU64::new(0), are_twins }
    }
}

impl Entropy for Ids {
    fn bytes(&self) -> [u8; 16] {
        let number = self.last.fetch_add(1, Ordering::SeqCst);
        if self.are_twins {
            return ((0x3f9a_01c7_u128 << 96) | u128::from(number)).to_be_bytes();
        }
        let digest = Digest::sha256(format!("agent {number}").as_bytes());
        digest.as_bytes()[..16].try_into().unwrap()
    }
}

/// The agent's side, where nobody can be asked.
struct Nobody;

impl Confirm for Nobody {
    fn agreed_before(&self) -> bool {
        true
    }

    fn ask(&self, _: &ConfirmQuestion) -> ConfirmAnswer {
        ConfirmAnswer::Yes
    }
}

impl Reporter for Nobody {
    fn progress(&self, _: &str, _: u64, _: u64) {}
    fn note(&self, _: &str) {}
}

/// An interface whose questions of agents are carried out by the threads, and an agent beside it.
struct Desk {
    world: World,
    clock: SharedClock,
    ids: Ids,
    workers: Workers,
    messages: Receiver<Message>,
}

impl Desk {
    fn new() -> Self {
        let mut world = World::new((120, 40));
        world.holds = vec![JobLane::Approvals, JobLane::Act];
        // A minute after the world's own clock, so that the journal's times go forward.
        let clock = SharedClock(Arc::new(AtomicI64::new(1_719_662_460_000_000)));
        let (out, messages) = channel();
        let host = TuiHost {
            journal: world.journal(),
            target: None,
            actor: "alice".into(),
            holder: LockHolder { pid: 1, host: "here".into(), command: "mfm tui".into() },
            wait_ms: 5_000,
            clock: Box::new(clock.clone()),
            entropy: Box::new(TestEntropy::new()),
            secrets: Box::new(NoSecrets),
        };
        Self { world, clock, ids: Ids::new(false), workers: Workers::new(host, out), messages }
    }

    /// Does something as the agent's server does it.
    fn with_agents<T>(&self, entropy: &dyn Entropy, work: impl FnOnce(&Agents, &Context<'_>) -> T) -> T {
        let context = Context {
            journal: self.world.journal(),
            target: Some("lab".into()),
            actor: "tester 1.0 for operator".into(),
            face: Face::Mcp,
            holder: LockHolder { pid: 2, host: "here".into(), command: "mfm mcp".into() },
            wait_ms: 5_000,
            clock: &self.clock,
            entropy,
            reporter: &Nobody,
            confirm: &Nobody,
            secrets: &NoSecrets,
        };
        work(&Agents::for_journal(&context.journal, Limits::default()), &context)
    }

    /// Plans a fault that a person has to approve, and returns its handle.
    fn plan(&self) -> String {
        let kept = self.with_agents(&self.ids, |agents, context| {
            agents.keep_plan(context, CLIENT, terms(), angles_on(1), &|_| Ok(()))
        });
        kept.unwrap().0
    }

    fn take(&self, id: &str) -> Result<Handle, String> {
        let taken = self.with_agents(&self.ids, |agents, context| agents.take_handle(context, CLIENT, id));
        taken.map_err(|failure| failure.code)
    }

    fn approver(&self, id: &str) -> Option<String> {
        let read = self.with_agents(&self.ids, |agents, context| agents.read_handle(context, CLIENT, id));
        read.unwrap().approved
    }

    /// Presses keys, and waits for what they lead to: until nothing runs, or an operation asks.
    fn press(&mut self, script: &str) -> &mut Self {
        self.world.press(script);
        self.settle();
        self
    }

    /// Lets the time pass in which the status is read anew.
    fn wait(&mut self) -> &mut Self {
        (0..40).for_each(|_| self.world.tell(Message::Tick));
        self.settle();
        self
    }

    fn settle(&mut self) {
        loop {
            for (ticket, job) in std::mem::take(&mut self.world.held) {
                self.workers.start_job(ticket, job, None);
            }
            for effect in std::mem::take(&mut self.world.outside) {
                if let Effect::Reply(ticket, yes) = effect {
                    self.workers.reply_to_job(ticket, yes);
                }
            }
            if self.is_asked() || !self.world.state.lanes.is_busy() {
                return;
            }
            let message = self.messages.recv_timeout(Duration::from_secs(120)).unwrap();
            self.world.tell(message);
        }
    }

    fn is_asked(&self) -> bool {
        let Some(Overlay::Question(question)) = &self.world.state.overlay else { return false };
        matches!(question.danger, DangerousAction::Asked(_))
    }

    #[track_caller]
    fn sees(&self, text: &str) -> &Self {
        self.world.sees(text);
        self
    }
}

fn terms() -> WriteTerms {
    WriteTerms { actor: "tester 1.0 for operator".into(), identifying: false, rules: None, asks: false, person: true }
}

#[test]
fn k8_a_question_is_approved_by_its_targets_name_and_redeemed_once() {
    let mut desk = Desk::new();
    desk.press("A").sees("No question of an agent waits");
    desk.press("esc");
    let id = desk.plan();
    let entries = desk.world.entries();
    desk.wait().sees("1 question of agents: A").sees("1 question: A");
    desk.press("5").sees("1 question: A");
    let code = short_code(&id).to_owned();
    desk.press("A").sees(&code).sees("create_invalid_angles").sees("tester 1.0 for operator").sees("12:11:00");
    desk.press("enter").sees("An agent asks").sees("tester 1.0 for operator asks through create_invalid_angles");
    desk.sees("Gantry_Ang").sees("This will be written to lab.").sees("Type lab");
    assert_eq!((desk.approver(&id), desk.world.entries()), (None, entries));
    desk.press("\"lab enter").sees("approved create_invalid_angles on lab, once");
    assert_eq!((desk.approver(&id).as_deref(), desk.world.entries()), (Some("alice"), entries));
    desk.wait();
    assert!(desk.world.state.approvals.waiting.is_empty() && !desk.world.screen().contains("question"));
    // The agent carries it out, once.
    assert_eq!(desk.take(&id).unwrap().approved.as_deref(), Some("alice"));
    let applied = desk.with_agents(&desk.ids, |agents, context| agents.apply_plan(context, &id)).unwrap();
    assert_eq!((applied.op, desk.world.entries()), (Some(1), entries + 2));
    assert_eq!(desk.take(&id).unwrap_err(), "agent_handle");
}

#[test]
fn k8_a_wrong_name_approves_nothing() {
    let mut desk = Desk::new();
    let id = desk.plan();
    desk.press("A").press("enter").press("\"lab.db enter").sees("type exactly lab, or press Esc");
    desk.press("C-u y enter").sees("type exactly lab, or press Esc").sees("This will be written to lab.");
    assert_eq!(desk.approver(&id), None);
    desk.press("esc").sees("not approved: the request waits until it expires").sees("1 question: A");
    assert_eq!(desk.approver(&id), None);
    desk.press("q");
    assert!(!desk.world.state.ending, "nothing is left waiting for an answer");
}

#[test]
fn k8_an_expired_question_is_not_approved() {
    let mut desk = Desk::new();
    let expire = |desk: &Desk| desk.clock.0.fetch_add(LIFE_US, Ordering::SeqCst);
    // While it is shown: the operation looks at the clock again when the name is typed.
    let shown = desk.plan();
    desk.press("A").press("enter").sees("Type lab");
    expire(&desk);
    desk.press("\"lab enter").sees("not approved: the request expired").sees("let the agent ask again");
    assert_eq!(desk.take(&shown).unwrap_err(), "agent_handle");
    // While it is listed.
    let listed = desk.plan();
    desk.press("A").sees(short_code(&listed));
    expire(&desk);
    desk.press("enter").sees("not approved: no pending request has this code").sees("let the agent ask again");
    assert_eq!(desk.take(&listed).unwrap_err(), "agent_handle");
    assert!(desk.world.state.approvals.waiting.is_empty());
}

#[test]
fn k8_what_does_not_hold_any_more_and_what_two_ask_is_not_approved() {
    let mut desk = Desk::new();
    let id = desk.plan();
    desk.world.somebody_breaks();
    desk.press("A").press("enter").sees("not approved:").sees("let the agent ask again");
    assert_eq!(desk.approver(&id), None);
    desk.clock.0.fetch_add(LIFE_US, Ordering::SeqCst);
    let twins = Ids::new(true);
    for question in ["Recover?", "Recover it?"] {
        let request = RequestedWrite {
            tool: "recover",
            target: "lab",
            written: "lab",
            operations: 1,
            question,
            request: serde_json::json!({}),
        };
        desk.with_agents(&twins, |agents, context| agents.keep_request(context, CLIENT, terms(), request)).unwrap();
    }
    desk.press("A").sees("3f9a01c7");
    desk.press("enter").sees("not approved: two requests have this code").sees("let the agent ask again");
    assert_eq!(desk.world.state.approvals.waiting.len(), 2);
}

#[test]
fn k8_an_interface_that_only_reads_approves_nothing() {
    let mut desk = Desk::new();
    let id = desk.plan();
    desk.world.state.facts.read_only = true;
    desk.press("A").press("enter").sees("read-only").sees(short_code(&id));
    assert!(!desk.is_asked());
}

#[test]
fn a_long_question_is_scrolled_above_the_place_of_the_answer() {
    let mut world = World::new((80, 24));
    world.holds = vec![JobLane::Act];
    let text: Vec<String> = (1..=60).map(|line| format!("line {line} of what the agent asks for")).collect();
    let question = ConfirmQuestion { text: text.join("\n"), danger: Danger::Write, type_name: Some("lab".into()) };
    world.tell(Message::Asked { ticket: 1, question });
    world.sees("line 1 of").sees("Type lab").sees("the rest of the question");
    for _ in 0..9 {
        world.press("pgdn").sees("Type lab");
    }
    world.sees("line 60 of");
    world.press("up").sees("line 59 of");
}

#[test]
fn the_list_and_the_question_as_a_person_sees_them() {
    for size in SIZES {
        let mut desk = Desk::new();
        desk.plan();
        desk.world.tell(Message::Resize(size.0, size.1));
        desk.wait();
        insta::assert_snapshot!(format!("agents_overview_{}x{}", size.0, size.1), desk.world.screen());
        desk.press("A");
        insta::assert_snapshot!(format!("agents_list_{}x{}", size.0, size.1), desk.world.screen());
        desk.press("enter");
        // Which progress was told last depends on how fast the machine is.
        let ticket = desk.world.state.lanes.running_in(JobLane::Act).unwrap().ticket;
        let step = "planning".to_owned();
        desk.world.tell(Message::Progress { ticket, step, whole: false, done: 1, total: 1 });
        insta::assert_snapshot!(format!("agents_question_{}x{}", size.0, size.1), desk.world.screen());
    }
}
