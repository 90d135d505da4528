//! Where and how a connection goes wrong, and what a server has seen of its clients; touches no socket.

use super::message::Message;

/// Errors of this class and above end the connection.
pub(crate) const CLASS_FATAL: u8 = 20;

/// How a connection goes wrong at a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The server never gets the message.
    Before,
    /// The server does what it says, and the answer is lost.
    After,
    /// The server does what it says, and half of the answer arrives.
    Amid,
    /// The server gets the message and says nothing, as long as the client waits.
    Stall,
    /// The server does nothing but complain.
    Error { number: u32, class: u8, text: String },
}

/// One thing that goes wrong, once unless told otherwise, at the first message that fits.
pub(crate) struct Cut {
    fits: Box<dyn Fn(&Message) -> bool + Send>,
    way: Way,
    left: usize,
}

impl Cut {
    fn new(way: Way, fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        Self { fits: Box::new(fits), way, left: 1 }
    }

    /// Cuts before the message is processed.
    pub(crate) fn before(fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        Self::new(Way::Before, fits)
    }

    /// Cuts after the message was processed, before anything of the answer is sent: a lost acknowledgement.
    pub(crate) fn after(fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        Self::new(Way::After, fits)
    }

    /// Cuts in the middle of the answer.
    pub(crate) fn amid(fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        Self::new(Way::Amid, fits)
    }

    /// Says nothing, for tests of timeouts.
    pub(crate) fn stall(fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        Self::new(Way::Stall, fits)
    }

    /// Answers with an error and does nothing; a deadlock's victim (1205) has its transaction rolled back too.
    pub(crate) fn error(number: u32, text: &str, fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        Self::new(Way::Error { number, class: 16, text: text.to_owned() }, fits)
    }

    /// Answers with the error of a session that an administrator ended, and ends it.
    pub(crate) fn kill(fits: impl Fn(&Message) -> bool + Send + 'static) -> Self {
        let text = "Cannot continue the execution because the session is in the kill state.".to_owned();
        Self::new(Way::Error { number: 596, class: 21, text }, fits)
    }

    /// Goes wrong at the first so many messages that fit.
    pub(crate) fn times(mut self, times: usize) -> Self {
        self.left = times;
        self
    }
}

/// Fits the message of a number, counted from 1 over all connections.
pub(crate) fn number(number: usize) -> impl Fn(&Message) -> bool + Send + 'static {
    move |message| message.number == number
}

/// What a server has seen, and what is to go wrong yet.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) messages: Vec<Message>,
    pub(crate) cuts: usize,
    pub(crate) failures: Vec<String>,
    planned: Vec<Cut>,
}

impl Log {
    pub(crate) fn plan(&mut self, cut: Cut) {
        self.planned.push(cut);
    }

    pub(crate) fn heal(&mut self) {
        self.planned.clear();
    }

    /// Takes note of a message, and tells what goes wrong with it.
    pub(crate) fn received(&mut self, message: &Message) -> Option<Way> {
        self.messages.push(message.clone());
        let cut = self.planned.iter_mut().find(|cut| cut.left > 0 && (cut.fits)(message))?;
        cut.left -= 1;
        self.cuts += 1;
        Some(cut.way.clone())
    }

    /// Returns the number of the next message.
    pub(crate) fn next_number(&self) -> usize {
        self.messages.len() + 1
    }
}
