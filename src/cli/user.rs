//! `vestibule user …`: people's accounts.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::factors::{self, FactorsCommand};
use super::identities::{self, IdentitiesCommand};
use super::listing::{Columns, Item, Listing, Page, Reader};
use super::output::{confirm, print, print_json, print_members, read_object, read_password, shown};
use super::{Done, Failure, welcome};
use crate::actions::App;
use crate::actions::invitations;
use crate::actions::users::{self, Changes, NewPassword, Refused};
use crate::engine::address::{Email, Username};
use crate::engine::user::User;
use crate::time::Timestamp;

/// Accounts read at once by `list`.
const PAGE: i64 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Make an account
    Add {
        #[command(flatten)]
        fields: Fields,
        /// Read the password from standard input
        #[arg(long, conflicts_with = "json")]
        password_stdin: bool,
        /// Mail them a link by which they choose how to sign in
        #[arg(long, conflicts_with_all = ["verified", "password_stdin"])]
        invite: bool,
    },
    /// Mail the owner of an account that nobody can enter yet a link by which they choose how to sign in
    Invite(One),
    /// List accounts
    List {
        #[command(flatten)]
        page: Page,
        /// Only `active` or `disabled` ones
        #[arg(long, value_parser = ["active", "disabled"])]
        state: Option<String>,
        /// Only administrators
        #[arg(long)]
        admin: bool,
    },
    /// Show an account
    Show(One),
    /// Change what is given; with --json, `null` removes
    Update {
        /// Id, e-mail address or user name
        user: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// Shut an account and end all its sessions
    Disable(One),
    /// Open a shut account
    Enable(One),
    /// Sign somebody out everywhere: all sessions, and what your own applications hold beyond them
    SignOut(One),
    /// Set the password from standard input, and end all sessions
    SetPassword(One),
    /// Erase an account; asks first
    Remove {
        #[command(flatten)]
        one: One,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// See and remove second factors, for people who lost a device
    #[command(subcommand)]
    Factors(FactorsCommand),
    /// See and disconnect the accounts at other providers that somebody can sign in with
    #[command(subcommand)]
    Identities(IdentitiesCommand),
}

#[derive(Debug, Args)]
pub(super) struct Format {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// Id, e-mail address or user name
    user: String,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Fields {
    /// Read the standard claims as JSON from standard input, and print JSON
    #[arg(long, conflicts_with_all = ["email", "username", "name", "verified", "admin"])]
    json: bool,
    #[arg(long)]
    email: Option<String>,
    #[arg(long)]
    username: Option<String>,
    #[arg(long)]
    name: Option<String>,
    /// The address is known to be theirs
    #[arg(long)]
    verified: bool,
    /// Make them an administrator (or not)
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    admin: Option<bool>,
}

impl Fields {
    /// The same members that JSON has.
    fn members(&self) -> Result<Map<String, Value>, Failure> {
        if self.json {
            return read_object();
        }
        let text = |value: &Option<String>| value.clone().map(Value::String);
        let given = [
            ("email", text(&self.email)),
            ("username", text(&self.username)),
            ("name", text(&self.name)),
            ("email_verified", self.verified.then_some(Value::Bool(true))),
            ("is_admin", self.admin.map(Value::Bool)),
        ];
        Ok(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }
}

impl UserCommand {
    pub(super) const fn is_json(&self) -> bool {
        match self {
            Self::Add { fields, .. } | Self::Update { fields, .. } => fields.json,
            Self::Factors(command) => command.is_json(),
            Self::Identities(command) => command.is_json(),
            Self::List { page, .. } => page.json,
            Self::Show(one)
            | Self::Disable(one)
            | Self::Enable(one)
            | Self::Invite(one)
            | Self::SignOut(one)
            | Self::SetPassword(one)
            | Self::Remove { one, .. } => one.format.json,
        }
    }

    pub(super) const fn writes(&self) -> bool {
        match self {
            Self::Factors(command) => command.writes(),
            Self::Identities(command) => command.writes(),
            Self::List { .. } | Self::Show(_) => false,
            _ => true,
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let code = refused.code();
        match refused {
            Refused::Unknown(name) => Self::refused(code, format!("there is no account {name}; `vestibule user list` shows all")),
            other => Self::refused(code, other),
        }
    }
}

pub(super) async fn run(app: &App, command: UserCommand) -> Done {
    let as_json = command.is_json();
    let mut next = None;
    let user = match command {
        UserCommand::Add { fields, password_stdin, invite } => {
            let mut members = fields.members()?;
            if password_stdin {
                members.extend(read_password(false)?);
            }
            let changes = Changes::from_json(&members)?;
            if invite {
                let invited = users::create_invited(app, &changes).await?;
                next = Some(welcome::invited(&invited));
                invited.user
            } else {
                let user = users::create(app, &changes).await?;
                next = Some(welcome::added(app, &user));
                user
            }
        }
        UserCommand::Update { user, fields } => {
            let members = fields.members()?;
            if members.is_empty() && !as_json {
                return Err(Failure::usage(
                    "invalid_request",
                    "nothing to change; give --email, --username, --name, --verified, --admin or --json",
                ));
            }
            users::update(app, &user, &Changes::from_json(&members)?).await?
        }
        UserCommand::Factors(command) => return factors::run(app, command).await,
        UserCommand::Identities(command) => return identities::run(app, command).await,
        UserCommand::List { page, state, admin } => {
            let wanted =
                |user: &User| state.as_deref().is_none_or(|state| user.state.as_str() == state) && (!admin || user.is_admin);
            return list(app, &page, wanted).await;
        }
        UserCommand::Show(one) => users::find(app, &one.user).await?,
        UserCommand::Invite(one) => {
            let invited = invitations::invite(app, &one.user).await?;
            next = Some(welcome::invited(&invited));
            invited.user
        }
        UserCommand::Disable(one) => users::disable(app, &one.user).await?,
        UserCommand::Enable(one) => users::enable(app, &one.user).await?,
        UserCommand::SignOut(one) => users::sign_out(app, &one.user).await?,
        UserCommand::SetPassword(one) => users::set_password(app, &one.user, new_password(as_json)?).await?,
        UserCommand::Remove { one, yes } => {
            let user = users::find(app, &one.user).await?;
            confirm(&format!("{} ({}) will be erased for good.", user.id, shown(&user.shown_as())), yes)?;
            users::delete(app, user.id.as_str()).await?
        }
    };
    let object = to_json(&user)?;
    if as_json {
        print_json(&Value::Object(object))?;
    } else {
        print_members(&object)?;
        if let Some(next) = next {
            print(&format!("\n{next}"))?;
        }
    }
    Ok(())
}

fn new_password(as_json: bool) -> Result<NewPassword, Failure> {
    let mut object = read_password(as_json)?;
    object.retain(|name, _| name == "password" || name == "password_hash");
    Changes::from_json(&object)?.password.ok_or_else(|| Failure::refused("invalid_request", "there is no password"))
}

const COLUMNS: Columns = &[("ID", 31), ("E-MAIL", 30), ("USER NAME", 16), ("PHONE", 14), ("STATE", 8), ("ADMIN", 5), ("NAME", 0)];

async fn list(app: &App, page: &Page, wanted: impl Fn(&User) -> bool) -> Done {
    let mut listing = Listing::new(page, COLUMNS);
    let mut last: Option<String> = None;
    let mut after =
        page.after.as_ref().map(|id| id.parse()).transpose().map_err(|_| {
            Failure::refused("invalid_request", "--after takes the id of an account, as the list shows it (user_…)")
        })?;
    loop {
        let read = users::list(app, after.as_ref(), PAGE).await?;
        let Some(end) = read.last() else { break };
        after = Some(end.id.clone());
        for user in read.iter().filter(|user| wanted(user) && page.wants(texts(user).iter().map(String::as_str))) {
            let item = if page.json { Item::Json(Value::Object(to_json(user)?)) } else { Item::Row(row(user)) };
            match listing.push(&item)? {
                Reader::Reads => last = Some(user.id.to_string()),
                Reader::Full => return Ok(listing.end_before_more(last.as_deref())?),
                Reader::Gone => return Ok(()),
            }
        }
    }
    Ok(listing.end()?)
}

/// By what an account may be looked for.
fn texts(user: &User) -> [String; 5] {
    [
        user.id.to_string(),
        user.email.as_ref().map_or_else(String::new, |email| email.as_str().to_owned()),
        user.username.as_ref().map_or_else(String::new, |name| name.as_str().to_owned()),
        user.phone_number.as_ref().map_or_else(String::new, ToString::to_string),
        user.profile.name.clone().unwrap_or_default(),
    ]
}

fn row(user: &User) -> Vec<String> {
    let [id, email, username, phone, name] = texts(user);
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let admin = if user.is_admin { "yes" } else { "-" };
    vec![id, or_dash(email), or_dash(username), or_dash(phone), user.state.as_str().to_owned(), admin.to_owned(), shown(&name)]
}

/// An account as programs see it. Never the hash.
fn to_json(user: &User) -> Result<Map<String, Value>, Failure> {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("sub", json!(user.id));
    put("id", json!(user.id));
    put("email", json!(user.email.as_ref().map(Email::as_str)));
    put("email_verified", json!(user.email_is_verified()));
    put("phone_number", json!(user.phone_number));
    put("phone_number_verified", json!(user.phone_number_verified_at.is_some()));
    put("username", json!(user.username.as_ref().map(Username::as_str)));
    put("has_password", json!(user.password_hash.is_some()));
    put("state", json!(user.state.as_str()));
    put("is_admin", json!(user.is_admin));
    put("created_at", json!(user.created_at.to_string()));
    put("updated_at", json!(user.updated_at.to_string()));
    put("last_login_at", json!(user.last_login_at.as_ref().map(Timestamp::to_string)));
    match serde_json::to_value(&user.profile) {
        Ok(Value::Object(profile)) => object.extend(profile),
        Ok(_) => {}
        Err(error) => return Err(Failure::refused("failed", error)),
    }
    Ok(object)
}
