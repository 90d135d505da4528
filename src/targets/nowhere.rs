//! A target that no longer exists: it answers every question with that, and cannot be written.

use std::sync::Arc;

use mfm_journal::Digest;

use super::{
    Answer, Bound, Conditions, Fetch, Key, Marker, Meanwhile, Movement, OperationRow, Preflight, Scan, Session, Spared,
    Table, TableDigest, Target, TargetError, Touch, Trial, Value, Writer,
};

/// What stands in for a database that is gone, so that its operations can be written off.
#[derive(Clone, Debug)]
pub struct Nowhere {
    url: String,
}

impl Nowhere {
    /// Returns the stand-in for a URL.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    fn absent<T>(&self) -> Result<T, TargetError> {
        Err(TargetError::Absent { url: self.url.clone() })
    }
}

impl Target for Nowhere {
    fn engine(&self) -> &'static str {
        "none"
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn name(&self) -> String {
        self.url.clone()
    }

    fn bound(&mut self) -> Result<Bound, TargetError> {
        self.absent()
    }

    fn marker(&mut self) -> Result<Option<Marker>, TargetError> {
        self.absent()
    }

    fn operation(&mut self, _: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.absent()
    }

    fn newest(&mut self, _: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.absent()
    }

    fn journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        self.absent()
    }

    fn operations(&mut self, _: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.absent()
    }

    fn tables(&mut self) -> Result<Vec<String>, TargetError> {
        self.absent()
    }

    fn table(&mut self, _: &str) -> Result<Option<Arc<Table>>, TargetError> {
        self.absent()
    }

    fn read(&mut self, _: &Fetch) -> Result<Answer, TargetError> {
        self.absent()
    }

    fn scan(&mut self, _: &Scan, _: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>) -> Result<(), TargetError> {
        self.absent()
    }

    fn keys(&mut self, _: &Table) -> Result<Vec<Key>, TargetError> {
        self.absent()
    }

    fn rows(&mut self, _: &Arc<Table>, _: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.absent()
    }

    fn preflight(&mut self, _: &[Touch], _: &Conditions<'_>) -> Result<Preflight, TargetError> {
        self.absent()
    }

    fn normalize(&mut self, _: &Arc<Table>, _: Vec<Trial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.absent()
    }

    fn complete(&mut self, _: &Arc<Table>, _: &[usize], _: Vec<Vec<Value>>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.absent()
    }

    fn unique_after(
        &mut self,
        _: &Arc<Table>,
        _: &[String],
        _: &[Vec<Value>],
        _: &Meanwhile,
    ) -> Result<(), TargetError> {
        self.absent()
    }

    fn references(&mut self, _: &[Movement<'_>], _: &Spared<'_>) -> Result<(), TargetError> {
        self.absent()
    }

    fn digests(&mut self, _: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.absent()
    }

    fn sessions(&mut self) -> Result<Option<Vec<Session>>, TargetError> {
        self.absent()
    }

    fn writer(&mut self, _: u64) -> Result<Box<dyn Writer>, TargetError> {
        self.absent()
    }
}
