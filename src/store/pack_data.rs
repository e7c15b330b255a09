//! A pack's own database (SQLite in the data folder), built by the pack's migrations, reached by its SQL tools.
//! Never lets a tool that reads write: it gets a connection opened read-only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Column, Row, SqlitePool, TypeInfo, ValueRef};
use thiserror::Error;

/// How many lookups run side by side; writes go one after the other.
const READERS: u32 = 4;
/// A result has at most this many rows; nobody listens to more.
const MOST_ROWS: usize = 50;
const BUSY: Duration = Duration::from_secs(3);

/// Why the pack's database is of no use.
#[derive(Debug, Error)]
pub enum PackDataError {
    /// The folder or the file cannot be made.
    #[error("cannot open the database {}: {source}; is the data folder writable and the disk not full?", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The data folder cannot be made.
    #[error("cannot make the folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A migration failed, or was changed after it ran.
    #[error("cannot bring {} up to date: {source}; migrations that have run must not be changed, add a new one", path.display())]
    Migrate {
        /// The database.
        path: PathBuf,
        /// What went wrong.
        source: MigrateError,
    },
    /// A statement failed.
    #[error("a statement of the pack failed: {0}")]
    Statement(#[from] sqlx::Error),
    /// A statement names a value the tool does not have.
    #[error("a statement reads :{0}, which is no argument of its tool")]
    NoArgument(String),
}

/// The database of one pack.
#[derive(Debug, Clone)]
pub struct PackData {
    readers: SqlitePool,
    writer: SqlitePool,
}

impl PackData {
    /// Opens `file`, making it if needed, and runs the migrations of the folder that have not run yet.
    pub async fn open(file: &Path, migrations: &Path) -> Result<Self, PackDataError> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|source| PackDataError::Folder { path: folder.to_owned(), source })?;
        }
        let open = |source| PackDataError::Open { path: file.to_owned(), source };
        let migrate = |source| PackDataError::Migrate { path: file.to_owned(), source };
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(BUSY).foreign_keys(true);
        let writing = options.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(writing).await.map_err(open)?;
        if migrations.is_dir() {
            Migrator::new(migrations).await.map_err(migrate)?.run(&writer).await.map_err(migrate)?;
        }
        let reading = options.read_only(true);
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(reading).await.map_err(open)?;
        Ok(Self { readers, writer })
    }

    /// Runs one statement that only reads.
    pub async fn look_up(&self, sql: &str, arguments: &BTreeMap<String, Value>) -> Result<Value, PackDataError> {
        let (sql, values) = bound(sql, arguments)?;
        let rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(&self.readers).await?;
        Ok(result(&rows))
    }

    /// Rows changed since it was opened, by anybody who writes through here.
    pub async fn changed_rows(&self) -> Result<i64, PackDataError> {
        Ok(sqlx::query_scalar("SELECT total_changes()").fetch_one(&self.writer).await?)
    }

    /// Runs statements that write, all or none; the rows of the last one are the result.
    pub async fn change(&self, statements: &[String], arguments: &BTreeMap<String, Value>) -> Result<Value, PackDataError> {
        let mut transaction = self.writer.begin().await?;
        let mut rows = Vec::new();
        for sql in statements {
            let (sql, values) = bound(sql, arguments)?;
            rows = sqlx::query_with(AssertSqlSafe(sql), values).fetch_all(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(result(&rows))
    }
}

/// `:name` as SQLite's numbered parameters, with their values. The text of a statement is the pack's own; a caller's words
/// only ever become values.
fn bound(sql: &str, arguments: &BTreeMap<String, Value>) -> Result<(String, SqliteArguments), PackDataError> {
    let mut out = String::with_capacity(sql.len());
    let mut values = SqliteArguments::default();
    let mut names: Vec<&str> = Vec::new();
    let mut pieces = sql.split(':');
    let first = pieces.next().unwrap_or_default();
    out.push_str(first);
    let mut quoted = first.matches('\'').count() % 2 == 1;
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(piece.len());
        let (name, rest) = piece.split_at(end);
        if quoted || name.is_empty() {
            out.push_str(&format!(":{piece}"));
        } else {
            let number = match names.iter().position(|n| *n == name) {
                Some(at) => at + 1,
                None => {
                    let value = arguments.get(name).ok_or_else(|| PackDataError::NoArgument(name.to_owned()))?;
                    add(&mut values, value)?;
                    names.push(name);
                    names.len()
                }
            };
            out.push_str(&format!("?{number}{rest}"));
        }
        quoted ^= piece.matches('\'').count() % 2 == 1;
    }
    Ok((out, values))
}

fn add(values: &mut SqliteArguments, value: &Value) -> Result<(), PackDataError> {
    use sqlx::Arguments;
    let added = match value {
        Value::Null => values.add(None::<String>),
        Value::Bool(b) => values.add(*b),
        Value::Number(n) => match n.as_i64() {
            Some(n) => values.add(n),
            None => values.add(n.as_f64()),
        },
        Value::String(s) => values.add(s.clone()),
        Value::Array(_) | Value::Object(_) => values.add(value.to_string()),
    };
    added.map_err(|e| PackDataError::Statement(sqlx::Error::Encode(e)))
}

/// The first row's columns, `count`, and all rows.
fn result(rows: &[SqliteRow]) -> Value {
    let rows: Vec<Value> = rows.iter().take(MOST_ROWS).map(|row| Value::Object(object(row))).collect();
    let mut result = rows.first().and_then(Value::as_object).cloned().unwrap_or_default();
    result.insert("count".to_owned(), rows.len().into());
    result.insert("rows".to_owned(), rows.into());
    Value::Object(result)
}

fn object(row: &SqliteRow) -> Map<String, Value> {
    let value = |at: usize| -> Option<Value> {
        let raw = row.try_get_raw(at).ok()?;
        match raw.type_info().name() {
            "INTEGER" | "BOOLEAN" => row.try_get::<i64, _>(at).ok().map(Value::from),
            "REAL" => row.try_get::<f64, _>(at).ok().map(Value::from),
            _ => row.try_get::<String, _>(at).ok().map(Value::from),
        }
    };
    row.columns().iter().enumerate().map(|(at, column)| (column.name().to_owned(), value(at).unwrap_or(Value::Null))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    async fn data() -> (tempfile::TempDir, PackData) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("migrations")).unwrap();
        let sql = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE); INSERT INTO notes VALUES (1, 'one');";
        std::fs::write(folder.path().join("migrations/0001_notes.sql"), sql).unwrap();
        let data = PackData::open(&folder.path().join("a/b.db"), &folder.path().join("migrations")).await.unwrap();
        (folder, data)
    }

    fn text(text: &str) -> BTreeMap<String, Value> {
        BTreeMap::from([("text".to_owned(), json!(text))])
    }

    #[tokio::test]
    async fn a_lookup_cannot_write() {
        let (_folder, data) = data().await;
        let e = data.look_up("INSERT INTO notes (text) VALUES (:text)", &text("two")).await.unwrap_err();
        assert!(e.to_string().contains("readonly"), "{e}");
    }

    #[tokio::test]
    async fn words_of_a_caller_are_values_and_never_sql() {
        let (_folder, data) = data().await;
        let hostile = text("x'); DROP TABLE notes; --");
        let insert = ["INSERT INTO notes (text) VALUES (:text) RETURNING id, text".to_owned()];
        assert_eq!(data.change(&insert, &hostile).await.unwrap()["text"], hostile["text"]);
        let found = data.look_up("SELECT id FROM notes WHERE text = :text OR :text = ''", &hostile).await.unwrap();
        assert_eq!((found["count"].clone(), found["id"].clone()), (json!(1), json!(2)));
    }

    #[tokio::test]
    async fn a_failed_statement_undoes_the_ones_before_it() {
        let (_folder, data) = data().await;
        let insert = "INSERT INTO notes (text) VALUES (:text)".to_owned();
        data.change(&[insert.clone(), insert], &text("two")).await.unwrap_err();
        assert_eq!(data.look_up("SELECT * FROM notes", &BTreeMap::new()).await.unwrap()["count"], json!(1));
    }

    #[tokio::test]
    async fn a_colon_in_quotes_is_no_argument() {
        let (_folder, data) = data().await;
        let found = data.look_up("SELECT 'at 14:05, it''s :text' AS a, :text AS b", &text("x")).await.unwrap();
        assert_eq!((found["a"].clone(), found["b"].clone()), (json!("at 14:05, it's :text"), json!("x")));
    }

    #[tokio::test]
    async fn a_missing_argument_is_named() {
        let (_folder, data) = data().await;
        let e = data.look_up("SELECT :order", &BTreeMap::new()).await.unwrap_err();
        assert!(e.to_string().contains(":order"), "{e}");
    }
}
