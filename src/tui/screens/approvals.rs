//! The questions of agents that wait for a person: their list, and the answer to one of them.

use crate::ops::agents::approve::{Outcome, WaitingQuestion};
use crate::ops::{Failure, FailureKind};
use crate::tui::answers;
use crate::tui::dialog::Overlay;
use crate::tui::job::Job;
use crate::tui::list::ListPosition;
use crate::tui::message::Effect;
use crate::tui::state::TuiState;
use crate::tui::theme::Role;
use crate::tui::update;

/// The questions of agents.
#[derive(Debug, Default)]
pub struct AgentQuestions {
    /// Those that waited when they were read last.
    pub waiting: Vec<WaitingQuestion>,
    /// Why reading them failed.
    pub trouble: Option<String>,
    /// The selected question.
    pub place: ListPosition,
    /// The question that the person looks at.
    pub chosen: Option<WaitingQuestion>,
}

/// Opens the list of questions, and requests it anew.
pub fn open_list(state: &mut TuiState) -> Vec<Effect> {
    state.approvals.place = ListPosition::default();
    state.overlay = Some(Overlay::Approvals);
    state.request_job(Job::Approvals)
}

/// Requests the text of the selected question, which the operation then asks.
pub fn choose_question(state: &mut TuiState) -> Vec<Effect> {
    let Some(question) = state.approvals.waiting.get(state.approvals.place.at).cloned() else { return Vec::new() };
    // A yes leads to a write, so that an interface that only reads gives none.
    if !update::check_writable(state) {
        state.overlay = Some(Overlay::Approvals);
        return Vec::new();
    }
    let code = question.code.clone();
    state.approvals.chosen = Some(question);
    state.request_job(Job::Approve { code })
}

/// Applies a list of questions. The selected one stays selected wherever it moved: codes are random, so that a new
/// question may come before it.
pub fn receive_waiting(state: &mut TuiState, waiting: Vec<WaitingQuestion>) {
    let approvals = &mut state.approvals;
    let in_hand = approvals.waiting.get(approvals.place.at).cloned();
    (approvals.waiting, approvals.trouble) = (waiting, None);
    let place = in_hand.and_then(|question| approvals.waiting.iter().position(|one| *one == question));
    approvals.place.move_to(place.unwrap_or(approvals.place.at), approvals.waiting.len());
}

/// Applies an approval, and shows what else waits.
pub fn receive_approval(state: &mut TuiState, outcome: Outcome) {
    state.approvals.chosen = None;
    if let Some(WaitingQuestion { tool, target, asker, expires, .. }) = &outcome.approved {
        let text = format!("approved {tool} on {target}, once, until {expires}; {asker} has to carry it out");
        state.show_note(Role::Good, text);
    }
    receive_waiting(state, outcome.waiting);
    if state.overlay.is_none() && !state.approvals.waiting.is_empty() {
        state.overlay = Some(Overlay::Approvals);
    }
}

/// Shows why the chosen question was not approved, and requests the list anew.
pub fn receive_failure(state: &mut TuiState, failure: &Failure) -> Vec<Effect> {
    state.approvals.chosen = None;
    let Failure { kind, code, message, .. } = failure;
    let (role, text) = match (kind, code.as_str()) {
        (_, "no_consent") => (Role::Note, "not approved: the request waits until it expires".to_owned()),
        // The next steps of these errors are the agent's: the person has nothing to plan.
        (FailureKind::Refused, "agent_handle" | "stale" | "ineligible") => {
            (Role::Danger, format!("not approved: {message} [{code}]: let the agent ask again"))
        }
        _ => (Role::Danger, format!("not approved: {}", answers::render_failure(failure))),
    };
    state.show_note(role, text);
    state.request_job(Job::Approvals)
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::*;
    use crate::model::ports::{ConfirmQuestion, Danger};
    use crate::tui::job::JobAnswer;
    use crate::tui::message::Message;

    fn question(code: &str) -> WaitingQuestion {
        WaitingQuestion {
            code: code.to_owned(),
            tool: "recover".to_owned(),
            target: "lab".to_owned(),
            asker: "tester for operator".to_owned(),
            expires: "2024-06-29T12:10:00.000000Z".to_owned(),
        }
    }

    fn outcome(codes: &[&str], approved: Option<&str>) -> Outcome {
        let waiting = codes.iter().map(|code| question(code)).collect();
        Outcome { waiting, approved: approved.map(question), journal: "journal.db".into() }
    }

    fn press(state: &mut TuiState, codes: &[KeyCode]) -> Vec<Effect> {
        let keys = codes.iter().map(|code| KeyEvent::new(*code, KeyModifiers::NONE));
        keys.flat_map(|key| update::update(state, Message::Key(key))).collect()
    }

    /// Opens the list of these questions.
    fn listed(codes: &[&str]) -> TuiState {
        let mut state = TuiState { size: (80, 24), ..TuiState::default() };
        let effects = press(&mut state, &[KeyCode::Char('A')]);
        let [Effect::Start { ticket, job: Job::Approvals, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let answer = JobAnswer::Approvals(Box::new(outcome(codes, None)));
        assert_eq!(update::update(&mut state, Message::Done { ticket: *ticket, answer }), []);
        state
    }

    /// Chooses the question in hand, and returns the ticket of the job.
    fn chosen(state: &mut TuiState, wanted: &str) -> u64 {
        match press(state, &[KeyCode::Enter]).as_slice() {
            [Effect::Start { ticket, job: Job::Approve { code }, .. }] if code == wanted => *ticket,
            other => panic!("{other:?}"),
        }
    }

    fn ask(state: &mut TuiState, ticket: u64) {
        let (text, type_name) = ("tester asks".to_owned(), Some("lab".to_owned()));
        let question = ConfirmQuestion { text, danger: Danger::Write, type_name };
        assert_eq!(update::update(state, Message::Asked { ticket, question }), [Effect::Bell]);
    }

    #[test]
    fn the_question_in_hand_stays_in_hand_while_others_come_and_go() {
        let mut state = listed(&["aa", "cc"]);
        press(&mut state, &[KeyCode::Down]);
        receive_waiting(&mut state, outcome(&["aa", "bb", "cc", "dd"], None).waiting);
        assert_eq!(state.approvals.place.at, 2);
        receive_waiting(&mut state, outcome(&["aa"], None).waiting);
        assert_eq!(state.approvals.place.at, 0);
        chosen(&mut state, "aa");
    }

    #[test]
    fn nothing_but_the_whole_name_is_a_yes() {
        let mut state = listed(&["aa", "bb"]);
        let ticket = chosen(&mut state, "aa");
        ask(&mut state, ticket);
        for short in ["y", "Lab", "la", "lab "] {
            let keys: Vec<KeyCode> = short.chars().map(KeyCode::Char).chain([KeyCode::Enter]).collect();
            assert_eq!(press(&mut state, &keys), [], "{short}");
            update::update(&mut state, Message::Paste("lab".to_owned()));
            let Some(Overlay::Question(asked)) = &mut state.overlay else { panic!("it is gone after {short}") };
            assert_eq!(asked.typed, Some(("lab".to_owned(), short.to_owned())), "what is pasted is not typed");
            asked.typed = Some(("lab".to_owned(), String::new()));
        }
        let name = "lab".chars().map(KeyCode::Char).chain([KeyCode::Enter]).collect::<Vec<_>>();
        assert_eq!(press(&mut state, &name), [Effect::Reply(ticket, true)]);
        let answer = JobAnswer::Approved(Box::new(outcome(&["bb"], Some("aa"))));
        assert_eq!(update::update(&mut state, Message::Done { ticket, answer }), []);
        assert!(state.note.as_ref().unwrap().text.starts_with("approved recover on lab, once, until 2024"));
        assert_eq!((&state.overlay, state.approvals.waiting.len()), (&Some(Overlay::Approvals), 1));
        let ticket = chosen(&mut state, "bb");
        ask(&mut state, ticket);
        assert_eq!(press(&mut state, &[KeyCode::Esc]), [Effect::Reply(ticket, false)]);
    }

    #[test]
    fn an_interface_that_only_reads_lists_and_approves_nothing() {
        let mut state = listed(&["aa"]);
        state.facts.read_only = true;
        assert_eq!(press(&mut state, &[KeyCode::Enter]), []);
        assert!(state.note.as_ref().unwrap().text.contains("read-only"));
        assert!(state.approvals.chosen.is_none());
    }

    #[test]
    fn a_refusal_says_what_to_do_next() {
        let refused = FailureKind::Refused;
        for (kind, code, next, said) in [
            (refused, "no_consent", "", "not approved: the request waits until it expires"),
            (refused, "agent_handle", "for the agent", "not approved: why [agent_handle]: let the agent ask again"),
            (refused, "stale", "for the agent", "not approved: why [stale]: let the agent ask again"),
            (FailureKind::Target, "target_busy", "try again", "not approved: why [target_busy]: try again"),
        ] {
            let mut state = listed(&["aa"]);
            let ticket = chosen(&mut state, "aa");
            let answer = JobAnswer::Failed(Box::new(Failure::new(kind, code, "why", next)));
            let effects = update::update(&mut state, Message::Done { ticket, answer });
            assert!(matches!(effects.as_slice(), [Effect::Start { job: Job::Approvals, .. }]), "{effects:?}");
            assert_eq!(state.note.as_ref().unwrap().text, said);
            assert!(state.approvals.chosen.is_none());
        }
    }
}
