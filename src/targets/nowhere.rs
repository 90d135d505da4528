//! A target that no longer exists: every call fails with [`TargetError::Absent`].

use std::sync::Arc;

use mfm_journal::Digest;

use super::{
    ConnectedProgram, Fetch, FetchAnswer, Key, Marker, OperationRow, PendingRows, Preflight, PreflightConditions,
    RowMovement, RowTrial, Scan, SparedKeys, Table, TableDigest, TableTouch, Target, TargetBinding, TargetError, Value,
    Writer,
};

/// The stand-in for a database that is gone, so that its operations can be written off (`recover --as gone`).
#[derive(Clone, Debug)]
pub struct AbsentTarget {
    url: String,
}

impl AbsentTarget {
    /// Returns the stand-in for a URL.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }

    fn absent_error<T>(&self) -> Result<T, TargetError> {
        Err(TargetError::Absent { url: self.url.clone() })
    }
}

impl Target for AbsentTarget {
    fn engine(&self) -> &'static str {
        "none"
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn name(&self) -> String {
        self.url.clone()
    }

    fn read_binding(&mut self) -> Result<TargetBinding, TargetError> {
        self.absent_error()
    }

    fn read_marker(&mut self) -> Result<Option<Marker>, TargetError> {
        self.absent_error()
    }

    fn find_operation(&mut self, _: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.absent_error()
    }

    fn find_newest_operation(&mut self, _: &Digest) -> Result<Option<OperationRow>, TargetError> {
        self.absent_error()
    }

    fn list_journals(&mut self) -> Result<Vec<Digest>, TargetError> {
        self.absent_error()
    }

    fn list_operations(&mut self, _: &Digest) -> Result<Vec<OperationRow>, TargetError> {
        self.absent_error()
    }

    fn list_tables(&mut self) -> Result<Vec<String>, TargetError> {
        self.absent_error()
    }

    fn find_table(&mut self, _: &str) -> Result<Option<Arc<Table>>, TargetError> {
        self.absent_error()
    }

    fn read(&mut self, _: &Fetch) -> Result<FetchAnswer, TargetError> {
        self.absent_error()
    }

    fn scan(&mut self, _: &Scan, _: &mut dyn FnMut(&[Value]) -> Result<(), TargetError>) -> Result<(), TargetError> {
        self.absent_error()
    }

    fn read_keys(&mut self, _: &Table) -> Result<Vec<Key>, TargetError> {
        self.absent_error()
    }

    fn read_rows(&mut self, _: &Arc<Table>, _: &[Key]) -> Result<Vec<Option<Vec<Value>>>, TargetError> {
        self.absent_error()
    }

    fn preflight(&mut self, _: &[TableTouch], _: &PreflightConditions<'_>) -> Result<Preflight, TargetError> {
        self.absent_error()
    }

    fn normalize_rows(&mut self, _: &Arc<Table>, _: Vec<RowTrial>) -> Result<Vec<Vec<Value>>, TargetError> {
        self.absent_error()
    }

    fn fill_defaults(
        &mut self,
        _: &Arc<Table>,
        _: &[usize],
        _: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, TargetError> {
        self.absent_error()
    }

    fn unique_after(
        &mut self,
        _: &Arc<Table>,
        _: &[String],
        _: &[Vec<Value>],
        _: &PendingRows,
    ) -> Result<(), TargetError> {
        self.absent_error()
    }

    fn check_references(&mut self, _: &[RowMovement<'_>], _: &SparedKeys<'_>) -> Result<(), TargetError> {
        self.absent_error()
    }

    fn digest_tables(&mut self, _: &mut dyn FnMut(u64, u64)) -> Result<Vec<TableDigest>, TargetError> {
        self.absent_error()
    }

    fn list_sessions(&mut self) -> Result<Option<Vec<ConnectedProgram>>, TargetError> {
        self.absent_error()
    }

    fn open_writer(&mut self, _: u64) -> Result<Box<dyn Writer>, TargetError> {
        self.absent_error()
    }
}
