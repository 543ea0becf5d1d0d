//! The journey that a page belongs to: found by the id in the URL and the secret in the cookie, or begun anew.

use std::sync::Arc;

use axum::response::Response;

use crate::actions::providers::join;
use crate::actions::{authorize, codes};
use crate::engine::client::Client;
use crate::engine::external::{Began, Errand};
use crate::engine::flow::{AccountPage, Continue, Flow, Join, State};
use crate::engine::params::Params;
use crate::http::shell::{ClientBadge, Notice, Shell, Tone};
use crate::http::visitor::Visitor;

/// Where the person is on the way to.
#[derive(Default)]
pub(super) struct Journey {
    pub flow: Option<Flow>,
    pub client: Option<Arc<Client>>,
    /// What happened to the journey, in one sentence.
    pub notice: Option<Notice>,
    pub continue_to: Continue,
    /// The way back to the application is lost: the person has to go there again.
    pub away: bool,
    /// What stood in the form, for whoever comes back without being signed in.
    pub left: Option<Left>,
    /// Whoever is signed in says that it is not them who was asked for.
    pub other: bool,
    /// What is to be connected with the account that is signed in to.
    pub joins: Option<Join>,
}

/// A form that somebody has left, for a provider or for the page of a code.
pub(super) struct Left {
    pub identifier: String,
    pub name: String,
    /// "Stay signed in". None where it was not asked.
    pub remember: Option<bool>,
}

impl Left {
    fn of(state: &State) -> Option<Self> {
        let only = |remember| Self { identifier: String::new(), name: String::new(), remember: Some(remember) };
        let typed = |identifier: &str| Self { identifier: identifier.to_owned(), name: String::new(), remember: None };
        match state {
            State::Away(away) => match &away.errand {
                Errand::SignIn { identifier, remember, began, .. } => {
                    let (name, remember) = match began {
                        Began::SignIn => (String::new(), Some(*remember)),
                        Began::SignUp { name } => (name.clone(), None),
                    };
                    Some(Self { identifier: identifier.clone(), name, remember })
                }
                Errand::ProveAgain { .. } | Errand::Connect { .. } | Errand::AcceptInvitation { .. } => None,
            },
            State::SignInCode(code) => Some(Self { identifier: code.asked.identifier.clone(), ..only(code.remember) }),
            State::Reset(asked) => Some(typed(&asked.identifier)),
            State::SignUp(sign_up) => {
                let name = sign_up.profile.name.clone().unwrap_or_default();
                Some(Self { name, ..typed(sign_up.to.as_str()) })
            }
            State::ResetProved { to } | State::Verify { to, .. } => Some(typed(to.as_str())),
            State::Newcomer(brought) => Some(only(brought.remember)),
            State::Join(join) => Some(only(join.brought.remember)),
            _ => None,
        }
    }
}

/// Reads `flow` (a journey, or the name of a page of the account: that page needs no row to be remembered) or `to` (such a name) from the
/// parameters.
///
/// An expired or finished journey of this browser, and one that turned into a sign-up or a reset, begins anew with the same
/// destination. One that this browser has no secret for is not continued here, because it may be somebody else's; the person can
/// sign in and go back to the application.
pub(super) async fn of(visitor: &Visitor, params: &Params) -> Result<Journey, Response> {
    let id = params.first("flow");
    let named = AccountPage::named(id);
    if id.is_empty() || named.is_some() {
        let page = named.or_else(|| AccountPage::named(params.first("to")));
        return Ok(Journey { continue_to: page.map_or(Continue::Account, |page| Continue::Page { page }), ..Journey::default() });
    }
    let app = &visitor.app;
    let find = async {
        let found = codes::find(app, id, Some(&visitor.browser())).await?;
        let (flow, here) = match found {
            codes::Found::Here(flow) => (flow, true),
            codes::Found::Elsewhere(flow) => (flow, false),
            codes::Found::None => return Ok((Journey::default(), Lost::Forgotten)),
        };
        let client = authorize::client_of(app, &flow).await?;
        if !here {
            return Ok((Journey { client, ..Journey::default() }, Lost::Elsewhere));
        }
        let open = flow.is_open(app.now()).is_ok();
        let waits = matches!(flow.state, State::SignIn | State::Decided(_));
        if open && waits {
            let continue_to = flow.continue_to.clone();
            return Ok((Journey { flow: Some(flow), client, continue_to, ..Journey::default() }, Lost::Nothing));
        }
        // A sign-up or a reset given up for another address leads to the same place.
        let lost = if open || !waits { Lost::Nothing } else { Lost::Expired };
        let (continue_to, left) = (flow.continue_to, Left::of(&flow.state));
        let fresh = match &continue_to {
            Continue::Authorize { .. } | Continue::Connect { .. } | Continue::Site { .. } => {
                let anew = continue_to.clone().anew(app.now());
                Some(codes::remember(app, visitor.browser(), anew, &visitor.requester()).await?)
            }
            Continue::Account | Continue::Page { .. } | Continue::Away => None,
        };
        Ok::<_, crate::actions::Fault>((Journey { flow: fresh, client, continue_to, left, ..Journey::default() }, lost))
    };
    let (mut journey, lost) = find.await.map_err(|fault| visitor.fault(&fault))?;
    if let (Continue::Connect { journey: question, .. }, true) = (&journey.continue_to, journey.flow.is_some()) {
        let joins = join::by_id(app, question, &visitor.browser()).await;
        journey.joins = joins.map_err(|fault| visitor.fault(&fault))?;
    }
    journey.other = params.has("other");
    journey.away = matches!(lost, Lost::Elsewhere | Lost::Forgotten);
    journey.notice = lost.key().map(|key| Notice { kind: Tone::Info, text: visitor.text.t(key).into_owned() });
    Ok(journey)
}

/// Why a journey could not simply go on.
enum Lost {
    Nothing,
    Expired,
    Elsewhere,
    Forgotten,
}

impl Lost {
    const fn key(&self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Expired => Some("notice-flow-expired"),
            Self::Elsewhere => Some("notice-flow-elsewhere"),
            Self::Forgotten => Some("notice-flow-forgotten"),
        }
    }
}

impl Journey {
    /// What every form and link of the way carries as `flow`: without it the person would end on the account's first page.
    pub(super) fn id(&self) -> Option<String> {
        match (&self.flow, &self.continue_to) {
            (Some(flow), _) => Some(flow.id.to_string()),
            (None, Continue::Page { page }) => Some(page.as_str().to_owned()),
            (None, _) => None,
        }
    }

    /// The frame of a page on this journey.
    pub(super) fn shell(&self, visitor: &Visitor, title: &str, params: &Params) -> Shell {
        let notice = visitor.notice(params).or_else(|| self.notice.clone());
        let mut shell = Shell { notice, ..visitor.shell_for(title, self.client.as_ref()) };
        if let Continue::Site { destination } = &self.continue_to {
            shell.client = Some(ClientBadge { name: destination.host.clone(), domain: String::new(), logo: None });
            if destination.shortened && shell.notice.is_none() {
                let text = visitor.text.with("notice-site-shortened", &[("site", &destination.host)]);
                shell.notice = Some(Notice { kind: Tone::Info, text });
            }
        }
        let asked = visitor.context.path_and_query();
        match asked.split_once('?') {
            None => visitor.shell_at(shell, &format!("{asked}{}", self.query())),
            Some(_) => shell,
        }
    }

    /// Where to go after signing in.
    pub(super) fn destination(&self) -> String {
        if self.away {
            return "/account?notice=go-back".to_owned();
        }
        super::destination(&self.continue_to, self.flow.as_ref())
    }

    pub(super) fn query(&self) -> String {
        self.id().map(|id| format!("?flow={id}")).unwrap_or_default()
    }
}
