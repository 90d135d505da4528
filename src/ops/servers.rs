//! The servers to which a password may be sent: those that the user named or confirmed, not those only in a journal.
//!
//! Otherwise whoever writes a journal could have a password sent to a server of theirs. Confirmed URLs are therefore
//! stored in the user's own state folder, one per line, and never in a journal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Failure, FailureKind};
use crate::file::owner::TrustedOwners;
use crate::file::{self, FileAccess, FileError};
use crate::model::NextSteps;
use crate::model::Refusal;
use crate::model::next_step::{Flag, give_value};
use crate::targets::{canonical_url, unencrypted_login};

/// The first line of the file, a comment for people.
const HEAD: &str = "# Servers that passwords may go to: registering a database by its URL adds one.\n";

/// The permitted servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// The URLs on this command line, in canonical form.
    said: BTreeSet<String>,
    /// The hosts to which a login may be sent unencrypted.
    unencrypted: Vec<String>,
    /// The file of confirmed URLs; `None` where the user has no state folder.
    file: Option<PathBuf>,
    /// The owners from which the file is accepted.
    owners: TrustedOwners,
}

impl Servers {
    /// Returns the servers among the words of a command line; words that are no server's URL are ignored.
    #[must_use]
    pub fn from_words<'w>(
        words: impl IntoIterator<Item = &'w str>,
        unencrypted: &[String],
        file: Option<PathBuf>,
        owners: TrustedOwners,
    ) -> Self {
        let urls = words.into_iter().filter_map(url_in).collect();
        Self { said: urls, unencrypted: unencrypted.to_vec(), file, owners }
    }

    /// Checks that a login may be sent to a server.
    ///
    /// # Errors
    /// [`Refusal::ServerUnconfirmed`], [`Refusal::LoginUnencrypted`].
    pub fn permit(&self, url: &str) -> Result<(), Refusal> {
        let known = self.file.as_deref().map_or_else(|| Ok(BTreeSet::new()), |file| self.read_confirmed(file));
        // Confirmed with all its settings: the same server with weaker encryption is another URL.
        if known.as_ref().is_ok_and(|known| known.contains(url)) {
            return Ok(());
        }
        let why = known.err();
        if !self.said.contains(url) {
            return Err(Refusal::ServerUnconfirmed { url: url.to_owned(), why });
        }
        match unencrypted_login(url) {
            Some(host) if !self.unencrypted.iter().any(|named| named.eq_ignore_ascii_case(&host)) => {
                Err(Refusal::LoginUnencrypted { url: url.to_owned(), host })
            }
            _ => Ok(()),
        }
    }

    /// Stores a URL as confirmed, if it is a permitted server's.
    ///
    /// # Errors
    /// A file system error.
    pub fn remember(&self, url: &str) -> Result<(), Failure> {
        let (Some(url), Some(file)) = (url_in(url), &self.file) else { return Ok(()) };
        if self.permit(&url).is_err() {
            return Ok(());
        }
        let failure = |why: String| {
            let message = format!("could not record in {} that the server was confirmed: {why}", file.display());
            let each_time = give_value(Flag::Target, "URL", "each time works without it");
            Failure::new(FailureKind::Usage, "servers_file", message, NextSteps::from("repair the file").and(each_time))
        };
        let mut known = self.read_confirmed(file).map_err(failure)?;
        if known.insert(url) {
            write_confirmed(file, &known).map_err(|error| failure(error.to_string()))?;
        }
        Ok(())
    }

    /// Reads the confirmed URLs; a file that others could have written is refused.
    fn read_confirmed(&self, file: &Path) -> Result<BTreeSet<String>, String> {
        // Without following links: a dangling link must be refused below, not taken for a missing file.
        if matches!(file.symlink_metadata(), Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
            return Ok(BTreeSet::new());
        }
        let text = self.owners.read(file).map_err(|why| format!("{} is ignored: {why}", file.display()))?;
        Ok(text.lines().map(str::trim).filter(|line| !line.starts_with('#')).map(str::to_owned).collect())
    }
}

/// Returns a server's URL in a word of the command line, by itself or after an option's `=`, in canonical form.
fn url_in(word: &str) -> Option<String> {
    let url = match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => value,
        _ => word,
    };
    let is_server = url.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("mssql"));
    if is_server { canonical_url(url).ok() } else { None }
}

/// Writes the file, readable by its owner alone.
fn write_confirmed(file: &Path, urls: &BTreeSet<String>) -> Result<(), FileError> {
    file::make_folder(file.parent().unwrap_or(Path::new(".")), FileAccess::Private)?;
    let lines: String = urls.iter().map(|url| format!("{url}\n")).collect();
    file::replace_file(file, &format!("{HEAD}{lines}"), FileAccess::Private, |_| true)
}

#[cfg(feature = "mssql")]
#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "mssql://sa@host:1433/Copy";

    fn servers(words: &[&str], unencrypted: &[&str], file: Option<PathBuf>) -> Servers {
        let unencrypted: Vec<String> = unencrypted.iter().map(|host| (*host).to_owned()).collect();
        Servers::from_words(words.iter().copied(), &unencrypted, file, TrustedOwners::of_process(None))
    }

    #[test]
    fn k6_a_server_that_nobody_said_gets_no_password() {
        for said in [
            &[][..],
            &["mssql://sa@other/Copy"],
            &["mssql://sa@host/Other"],
            &["host", "lab"],
            &["mssql://sb@host/Copy"],
        ] {
            assert_eq!(servers(said, &[], None).permit(URL).unwrap_err().code(), "server_unconfirmed", "{said:?}");
        }
        for said in [&["mssql://sa@HOST/Copy"][..], &["--target=mssql://sa@host/Copy"], &["x", URL]] {
            assert_eq!(servers(said, &[], None).permit(URL), Ok(()), "{said:?}");
        }
        let weaker = "mssql://sa@host:1433/Copy?trust_server_certificate=true";
        assert!(servers(&[URL], &[], None).permit(weaker).is_err(), "another setting is another server");
    }

    #[test]
    fn k6_an_unencrypted_login_is_confirmed_by_name() {
        let open = "mssql://sa@host:1433/Copy?encrypt=off";
        assert_eq!(servers(&[open], &[], None).permit(open).unwrap_err().code(), "login_unencrypted");
        assert_eq!(servers(&[open], &["other"], None).permit(open).unwrap_err().code(), "login_unencrypted");
        assert_eq!(servers(&[open], &["Host"], None).permit(open), Ok(()));
        assert!(servers(&[], &["host"], None).permit(open).is_err(), "the name alone says no URL");
        assert_eq!(
            servers(&["mssql://sa@host/Copy?encrypt=login"], &[], None)
                .permit("mssql://sa@host:1433/Copy?encrypt=login"),
            Ok(())
        );
    }

    #[test]
    fn k6_what_was_confirmed_is_kept_for_its_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mfm/servers");
        let other = "mssql://sa@host:1433/Copy?encrypt=off";
        servers(&[URL], &[], Some(file.clone())).remember("mssql://sa@host/Copy").unwrap();
        servers(&[other], &["host"], Some(file.clone())).remember(other).unwrap();
        servers(&["sqlite:x"], &[], Some(file.clone())).remember("sqlite:x").unwrap();
        servers(&[], &[], Some(file.clone())).remember("mssql://sa@never/said").unwrap();
        let later = servers(&[], &[], Some(file.clone()));
        assert_eq!((later.permit(URL), later.permit(other)), (Ok(()), Ok(())));
        assert!(later.permit("mssql://sa@never:1433/said").is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
            let refused = later.permit(URL).unwrap_err();
            assert!(refused.to_string().contains("written by others"), "{refused}");
        }
    }
}
