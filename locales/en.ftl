# The words of every page and mail. Each language has the same ids with the same variables; a test compares them.

# The frame
error-prefix = Error:
error-summary = Please check this
skip = Skip to content
help = Help
language-nav = Language
continue = Continue
home = To the start page
client-continue = to continue to { $client }

# Dates
date = { $day } { $month } { $year }
date-time = { $date }, { $time }
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

# Passwords
password = Password
password-new = New password
password-current = Current password
password-hint = { $length ->
    [one] At least one character. A few words in a row work well.
   *[other] At least { $length } characters. A few words in a row work well.
}
password-show = Show password
password-hide = Hide password
password-shown = Your password is shown
password-hidden = Your password is hidden
password-caps = Caps Lock is on

# Signing in
login = Sign in
login-again-title = Confirm it is you
login-again-text = Please enter your password once more to go on.
login-again-other = Please sign in once more to go on.
login-again-unsupported = This browser cannot use passkeys. Open the page in one that can.
login-again-script = Your passkey needs JavaScript, which is off in this browser.
login-again-set = Choose a password instead
login-again-stuck = Nothing is left here with which you could confirm that it is you.
login-again-reset = Choose a password: we send you a code for it. Every other device will be signed out.
login-again-ask = You stay signed in, but only the people who run this service can make this change for you now. Ask them before you sign out.
login-not-you = Not you?
login-as-other = Sign in as somebody else
login-again-back = Back to your account
login-identifier = Email address or username
login-remember = Stay signed in on this device
login-button = Sign in
login-reset = Forgot your password?
login-new = New here?
login-signup = Create an account
login-again = Sign in again
back-to-login = Back to sign-in

# Signing up
signup = Create your account
signup-email-hint = We send a code there to confirm it.
signup-name = Name (optional)
signup-button = Create account
signup-known = Already have an account?
email = Email address

# Codes
verify = Enter the code from your email
verify-phone = Enter the code from your text message
verify-button = Confirm
verify-change = Use another address
verify-change-phone = Use another number
code-label = Code
code-hint = Digits only; spaces do not matter
code-busy = Checking the code …
code-sent = We sent a code to
code-expired = This code is no longer valid. Send a new one to go on.
code-existing = If you have an account with this address already, the mail says how to go on.
code-existing-phone = If you have an account with this number already, the message says how to go on.
code-spam = Nothing there? Look in your spam folder. You can also open the link in the email.
resend = Send a new code
resend-wait = { $seconds ->
    [one] A new code can be sent in one second.
   *[other] A new code can be sent in { $seconds } seconds.
}

# Links from mails
link-verify = Confirm your address
link-verify-text = Press the button to confirm that { $address } is yours. You will then be signed in here.
link-elsewhere-text = You signed up in another browser. Enter your password to confirm { $address } and sign in here.
link-verify-button = Confirm address
link-password-hint = The password you chose when you signed up.
link-expired = This link has expired
link-expired-text = We can send a new one to { $address } right away.
link-expired-button = Send a new link
link-reset = Choose a new password
link-reset-text = Go on to set a new password for { $address }. Your old one works until then.
link-email = Confirm your new address
link-email-text = { $address } becomes the address of your account. You do not need to be signed in here.
link-email-button = Use this address
wasnt-me = This was not me
wasnt-me-text = Is somebody else in your account? Then lock them out now. You do not need to be signed in, and you can come back at once with a new password.
wasnt-me-sessions = Every device is signed out, and apps lose their access.
wasnt-me-password = The password stops working; you choose a new one.
wasnt-me-changes = Email address and phone number become what they were { $hours } hours ago.
wasnt-me-factors = Passkeys, sign-in services, second steps and recovery codes added since then are removed; removed ones come back.
wasnt-me-button = Lock my account now
wasnt-me-tick = Yes, this was not me
locked = Your account is locked
locked-text = Nobody is signed in any more, and the old password does not work.
locked-email = Your account has the address { $address } again.
locked-phone = Your account has the number { $number } again.
locked-taken = The address or number from before belongs to another account by now, so yours has none. Ask the people who run this service.
locked-credentials = Passkeys, sign-in services or second steps were changed lately; that is taken back.
locked-left = These belong to your account now
locked-restored = came back
locked-passkey = Passkey “{ $name }”
locked-security-key = Security key “{ $name }”
locked-mailbox = Until you have a new password, a connected account also needs a code that we send to your email address.
locked-left-text = Disconnect or remove what you do not know as soon as you are back in:
locked-next = Now choose a new password. If you used the old one elsewhere, change it there too.
locked-button = Choose a new password

# A new password
reset = Reset your password
reset-text = Tell us who you are and we send you a code and a link.
reset-button = Send the code
reset-sent = Check your email
reset-sent-phone = Check your text messages
reset-sent-text = If there is an account with these details, a code is on its way. Enter it here or open the link in the email.
reset-sent-text-phone = If there is an account with this number, a code is on its way by text message. Enter it here.
reset-change = Start again with other details
reset-new = Choose a new password
reset-new-text = Every other device will be signed out.
reset-new-button = Save and sign in
reset-done = Your new password works
reset-disconnected = You can no longer sign in with { $providers }: nobody had confirmed your address here until now, so that may have been somebody else. Connect what is yours again in your account.

# Signing out
logout = Sign out?
logout-asked = { $client } asks to sign you out.
logout-text = You can sign out of this browser, or of every browser and device.
logout-here = Sign out here
logout-everywhere = Sign out everywhere
logout-stay = Stay signed in
logout-button = Sign out
logged-out = You are signed out
logged-out-text = You can close this window.
logged-out-apps = These apps may still show you as signed in. Sign out there, too, if others use this device:

# Consent
consent = Allow access?
consent-switch = Not you?
consent-asks = { $client } would like to:
consent-more = { $client } already has access and would now also like to:
consent-until = This holds until you revoke it in your account, under “Connected apps”.
consent-allow = Allow
consent-deny = Deny

somebody-else = Another account is asked for
somebody-else-text = { $client } asks for another account than the one that you are signed in with here.
somebody-else-switch = Sign in with the other account
somebody-else-back = Back to { $client }
scope-openid = Know who you are
scope-openid-detail = An identifier for your account, nothing else.
scope-profile = See your profile
scope-profile-detail = Name, username, picture, website, birthday, language and time zone, as far as you have filled them in.
scope-email = See your email address
scope-email-detail = And whether it has been confirmed.
scope-phone = See your phone number
scope-phone-detail = And whether it has been confirmed.
scope-address = See your postal address
scope-address-detail = As it is written in your profile.
scope-offline = Keep access while you are away
scope-offline-detail = Even when you are not using the app.
scope-other-detail = A permission of this app.
form-post = One moment
form-post-text = You are being taken to the application. If nothing happens, use the button.
leaving = You are signed in
leaving-to = Going on to { $name } …
leaving-button = Go on to { $name }
leaving-back = Going back to { $name } …
leaving-back-button = Back to { $name }
leaving-denied = You said no
leaving-failed = You are on the way back
leaving-hint = If nothing happens, use the button.

# The first administrator
setup = Set up this installation
setup-text = Welcome. Create the first account; it administers all others.
setup-text-mail = There are no passwords here. You are signed in right away; next time a link to sign in is mailed to this address, so look twice that it is right.
setup-text-passkey = There are no passwords here. You are signed in right away, and add a passkey on the next page.
setup-text-passkey-mail = There are no passwords here. You are signed in right away, and can add a passkey on the next page. Without one, a link to sign in is mailed to this address, so look twice that it is right.
setup-text-other = There are no passwords here. You are signed in right away; then add in your account what you sign in with next time.
setup-button = Create administrator

# An invitation
invitation = You are invited to { $site }
invitation-text = There is an account for { $address }. Choose how you want to sign in.
invitation-text-password = There is an account for { $address }. Choose a password, and you are in.
invitation-button = Save and sign in
invitation-passkey = Once you are signed in, you can add a passkey.
invitation-over-title = This invitation no longer works
invitation-over = It was used, or a newer change to the account has ended it. If the account is yours, sign in; a sign-in link or a new password is mailed to you there.
invitation-expired = It has expired. The account for { $address } is still there: on the sign-in page you can have a link or a new password mailed to you.

# Errors
error-reference = Reference for support:
error-status = Status { $status }

# The account
account-nav = Your account
account-home = Overview
account-profile = Profile
account-email = Email address
account-password = Password
account-sessions = Devices
account-apps = Connected apps
account-delete = Delete account
home-hello = Hello { $name }, this is your account at a glance.
home-unverified = not confirmed
home-since = Account since
home-sessions = { $count ->
    [one] Signed in on one device
   *[other] Signed in on { $count } devices
}
home-apps = { $count ->
    [0] None
    [one] One app
   *[other] { $count } apps
}
home-identities = { $count ->
    [0] None
    [one] One account
   *[other] { $count } accounts
}
profile-text = Everything here is optional. Apps see only what you allow.
profile-save = Save profile
profile-unset = Not set
profile-group-name = Your name
profile-group-about = About you
profile-group-place = Language and contact
profile-group-address = Postal address
claim-name = Full name
claim-given_name = Given name
claim-middle_name = Middle name
claim-family_name = Family name
claim-nickname = Nickname
claim-preferred_username = Username
claim-preferred_username-hint = You can sign in with it, too. 2 to 40 letters from a to z, digits, dots, dashes or underscores; it begins with a letter.
claim-bio = About me
claim-picture = Picture URL
claim-picture-hint = Address of an image, beginning with https://
claim-url-hint = Beginning with https://
claim-website = Website
claim-profile = Profile page
claim-gender = Gender
claim-birthdate = Birthday
claim-birthdate-hint = For example 1990-12-31; 0000-12-31 leaves the year out.
claim-locale = Language
claim-locale-hint = For these pages, your emails and the apps you use.
claim-zoneinfo = Time zone
claim-zoneinfo-hint = For example Europe/London
claim-phone_number = Phone number
claim-phone_number-hint = It cannot be changed here.
claim-address_street_address = Street and number
claim-address_postal_code = Postal code
claim-address_locality = Town or city
claim-address_region = State or region
claim-address_country = Country
password-text = Changing it signs out every other device.
password-save = Change password
password-set = Set password
email-current = Your address:
email-pending = Waiting for confirmation
email-pending-text = We sent a code to { $address }. Until you enter it, your present address stays.
email-confirm = Confirm new address
email-cancel = Cancel this change
email-change = Change your address
email-new = New email address
email-new-hint = Your present address gets a notice with a way to undo this.
email-change-button = Change address
sessions-text = These browsers are signed in to your account.
sessions-current = this device
sessions-first = since
sessions-last = last used
sessions-end = Sign out
sessions-end-named = Sign out { $device }
sessions-end-others = Sign out all others
sessions-end-all = Sign out everywhere
apps-text = These apps may use parts of your account.
apps-unknown = An app that is no longer registered here
apps-none = No app has access to your account.
apps-since = since
apps-revoke = Revoke
apps-revoke-named = Revoke access of { $client }
delete-text = This cannot be undone.
delete-point-profile = Your profile and addresses are erased at once.
delete-point-sessions = You are signed out everywhere.
delete-point-apps = Connected apps lose their access.
delete-confirm = Yes, delete my account for good
delete-last-administrator = You are the only administrator, and nobody could administer this site any more. Make somebody else one first; on the server, whoever runs it does so with:
delete-button = Delete account

# Security
account-security = Security
security-passkeys = Passkeys
security-passkeys-text = Sign in with your fingerprint, your face or the PIN of your device instead of a password.
security-passkeys-link = Manage passkeys
two-step = Two-step verification
two-step-on = on
two-step-off = off
two-step-on-text = After the first proof of who you are we ask for a second one, so a stolen password is not enough.
two-step-off-text = Whoever learns your password can sign in as you. A second step prevents that.
two-step-required = It is required here: you can replace the last second step, but not remove it.
totp = Authenticator apps
totp-text = An app on your phone shows a new code every 30 seconds, also without network.
totp-add = Add an app
totp-set-up = Add an authenticator app
totp-set-up-text = Scan the picture with an authenticator app on your phone. Then enter the code that the app shows.
totp-qr = QR code with the secret key; the same key stands below as text
totp-open = Open in an app on this device
totp-secret = Secret key
totp-secret-hint = If you cannot scan: type or paste this into the app. Spaces do not count.
totp-name = Authenticator app
totp-name-hint = How you recognise it later, for example “My phone”.
totp-confirm = Confirm and turn on
totp-cancel = Cancel
enrol = Add a second step
enrol-text = A second step is required here. Set it up now; your sign-in then goes on.
copy = Copy
copied = Copied
factor-name = Name
factor-unused = not used yet
factor-last = Turn two-step verification off?
factor-rename = Rename
factor-rename-save = Save name
factor-remove = Remove
factor-remove-named = Remove { $name }
sms-codes = Codes by SMS
sms-codes-text = We send a code to { $to }. An app is safer: numbers can be taken over.
sms-codes-none = For this, your account needs a confirmed phone number.
sms-codes-link = Add a phone number
mail-codes = Codes by email
mail-codes-text = We send a code to { $to }. It protects as well as your mailbox is protected.
mail-codes-none = For this, your account needs a confirmed email address.
mail-codes-link = Confirm your email address
codes-turn-on = Turn on
codes-turn-on-named = Turn on: { $name }
codes-turn-off = Turn off
codes-turn-off-named = Turn off: { $name }
recovery = Recovery codes
recovery-text = For the day on which your phone is gone. Each works once.
recovery-left = { $count ->
    [0] You have none.
    [one] One is left.
   *[other] { $count } are left.
}
recovery-missing = Make recovery codes now: without them, a lost phone can lock you out.
recovery-make = Make recovery codes
recovery-again = Make new codes
recovery-shown = Your recovery codes
recovery-shown-text = Keep them where you find them without your phone, for example printed and with your papers. Any codes from before no longer work. This page can be loaded again for half an hour; after that, nobody can show them to you any more.
recovery-download = Download as a text file
recovery-print = Print
recovery-done = I have kept them
recovery-file = { $site }: recovery codes for { $account }
recovery-file-text = Each code works once, in place of the second step. Whoever has them and your password can sign in as you.
trusted = Browsers that skip the second step
trusted-text = In these browsers you ticked “do not ask again”. A new password ends that.
trusted-until = until
trusted-revoke = Ask again
trusted-revoke-named = Ask again on { $device }
trusted-revoke-all = Ask again everywhere
# Text messages. One message holds 160 characters of the GSM alphabet: plain quotes and hyphens, no dashes.
sms-code = { $code } is your code for { $site }. Valid for { $minutes } min. Never give it to anyone.
sms-existing = { $site }: this number already has an account. Sign in: { $link }
sms-notice = { $site }: { $words } Not you? { $link }

# Development pages
mailbox = Mailbox
mailbox-none = No mail yet. Sign up, and the first one appears here by itself.
mailbox-text = Mails caught during development, newest first. New ones appear by themselves.
mailbox-to = To
mailbox-html = View the HTML part
mailbox-back = Back to the mailbox
inbox = Text messages
inbox-none = No text yet. Ask for a code by text message, and it appears here by itself.
inbox-text = Text messages caught during development, newest first. New ones appear by themselves.
demo = Demo application
demo-text = A small relying party, to try the whole way through OpenID Connect.
demo-sign-in = Sign in with { $site }
demo-validated = Signed in. This application validated the ID token itself.
demo-claims = Claims of the ID token and of userinfo
demo-account = Your account
demo-refresh = Get fresh tokens
demo-refreshed = Fresh tokens received, and validated again.
demo-signed-out = You are signed out of this application.
demo-again = Try again
demo-denied = Sign-in was not completed
demo-denied-detail = You chose not to go on, or the provider did not allow it ({ $code }).
demo-provider = The identity provider does not answer
demo-provider-detail = The application could not reach it, or did not understand its answer. Is it running?
demo-state = This sign-in was not started here
demo-state-detail = The answer does not belong to a sign-in that this browser started in the last minutes. It was ignored.
demo-token = The tokens were refused
demo-token-detail = What the provider sent failed a check, so nobody was signed in.
demo-missing = There is no such page
demo-missing-detail = This application has only a home page.
demo-foreign = The form came from another site
demo-foreign-detail = For your safety it was not carried out.
fake-site = Development
fake-title = Stand-in for { $provider }
fake-warning = This is not { $provider }. It stands in for it during development: nobody is asked for a password, and nothing leaves this machine.
fake-person = Who signs in
fake-somebody = Somebody else, named below
fake-email = Another address
fake-email-hint = Leave it empty for the person’s own. The same person with another address is how an address changes there.
fake-email-hosted = Addresses at { $domain } count as hosted by Google (hd).
fake-name = Another name
fake-quirk = What goes otherwise
fake-quirk-hint = For this sign-in only.
fake-quirk-none = Nothing
fake-quirk-unverified-email = The address is not verified
fake-quirk-no-email = No address is given
fake-quirk-other-email = The address is another person’s
fake-quirk-slow = The answer takes too long
fake-quirk-down = The server is down (500)
fake-quirk-garbage = The answer is garbage
fake-quirk-html = The answer is a page, not JSON
fake-quirk-huge = The answer has 10 MB
fake-quirk-renamed = The person’s id has another name
fake-quirk-clock-ahead = The clock is 10 minutes ahead
fake-quirk-clock-behind = The clock is 10 minutes behind
fake-quirk-expired = The ID token has expired
fake-quirk-keys-rotated = The signing key is new
fake-quirk-other-nonce = The ID token is of another request (nonce)
fake-quirk-wrong-issuer = The ID token is of another issuer
fake-quirk-other-person = Userinfo tells of another person
fake-quirk-multi-factor = A second factor was used (amr)
fake-quirk-let-through = Let through without being asked, signed in a day ago (auth_time)
fake-quirk-mix-up = The answer names another sender (iss)
fake-quirk-bent-types = Fields of the wrong type
fake-to = Both buttons lead back to { $to }.
fake-scopes = Asked for:
fake-continue = Continue
fake-cancel = Cancel
fake-problem-email = Type the address of whoever signs in, or choose one of the people.
fake-refused = The request is refused
fake-refused-detail = { $provider } would show an error here: { $reason }. The stand-in knows the client { $client } and redirect URIs on this machine.

# Mails
mail-automatic = This mail was sent automatically.
mail-code-life = { $minutes ->
    [one] The code is valid for one minute.
   *[other] The code is valid for { $minutes } minutes.
}
mail-or-link = Or open this link; a button there does the same:
mail-or-link-here = Or open this link in the browser in which you began; in another one only the code helps.
mail-link-hours = { $hours ->
    [one] The link is valid for one hour.
   *[other] The link is valid for { $hours } hours.
}
mail-link-minutes = { $minutes ->
    [one] The link is valid for one minute.
   *[other] The link is valid for { $minutes } minutes.
}
mail-verify = Confirm your address
mail-verify-opening = Welcome to { $site }. Enter this code where you signed up:
mail-verify-button = Confirm address
mail-verify-closing = You did not sign up? Then ignore this mail, and nothing happens.
mail-existing = You already have an account
mail-existing-opening = Somebody, probably you, tried to create an account at { $site } with this address. You already have one.
mail-existing-login = Sign in
mail-existing-reset = Choose a new password
mail-existing-closing = It was not you? Then ignore this mail; nothing has changed.
mail-connect = Sign in to connect { $provider }
mail-connect-opening = Somebody, probably you, came to { $site } with { $provider } and gave this address, which has an account. Sign in to it here to connect { $provider }.
mail-connect-link = Open the link in the browser in which you began; in another one you can only sign in.
mail-connect-button = Sign in and connect
mail-connect-closing = It was not you? Then ignore this mail; nothing has happened, and nothing is connected.
mail-reset = Reset your password
mail-reset-opening = Somebody, probably you, asked for a new password at { $site }. Enter this code:
mail-reset-button = Choose a new password
mail-reset-closing = It was not you? Then ignore this mail; your password stays as it is. Give the code to nobody.
mail-address = Confirm your new address
mail-address-opening = Enter this code at { $site } to use this address for your account:
mail-address-closing = You do not know what this is about? Then ignore this mail, and nothing happens.
told-new-device = Sign-in from a new device
told-new-device-text = Somebody, probably you, has just signed in to your account at { $site } from a device that was not used for it before.
told-factor-added = A second step was added
told-factor-added-text = A way to confirm your sign-in was added to your account at { $site }.
told-factor-removed = A second step was removed
told-factor-removed-text = A way to confirm your sign-in was removed from your account at { $site }.
told-passkey-added = A passkey was added
told-passkey-added-text = A passkey or security key was added to your account at { $site }. Whoever holds it can sign in.
told-passkey-removed = A passkey was removed
told-passkey-removed-text = A passkey or security key was removed from your account at { $site }.
told-password-changed = Your password was changed
told-password-changed-text = The password of your account at { $site } was changed, and every other device was signed out.
told-password-disconnected = You can no longer sign in to it with { $providers }: nobody had confirmed your address there until now, so that may have been somebody else.
told-email-requested = Another email address was asked for
told-email-requested-text = Somebody signed in to your account at { $site } wants to change its address to { $new }. Until that is confirmed, the present one stays.
told-email-changed = Your email address was changed
told-email-changed-text = The address of your account at { $site } was changed from { $old } to { $new }.
told-email-added-text = Your account at { $site } now has the address { $new }.
told-phone-requested = Another phone number was asked for
told-phone-requested-text = Somebody signed in to your account at { $site } wants to change its number to { $new }. Until that is confirmed, nothing changes.
told-phone-changed = Your phone number was changed
told-phone-changed-text = The number of your account at { $site } was changed from { $old } to { $new }.
told-contact-removed = An address or number was removed
told-contact-removed-text = { $old } does not belong to your account at { $site } any more.
told-phone-added-text = Your account at { $site } now has the number { $new }.
told-second-failed = Somebody failed at the second step
told-second-failed-text = Somebody who knows your password, reads your mail or has one of your devices tried to sign in to your account at { $site }, and failed at the second step. If that was you, there is nothing to do.
told-code-used = A recovery code was used
told-code-used-text = One of your recovery codes was used to sign in to your account at { $site }. It does not work again.
told-codes-made = New recovery codes were made
told-codes-made-text = New recovery codes were made for your account at { $site }. Those from before no longer work.
told-identity-connected = { $provider } was connected
told-identity-connected-text = Your account at { $site } was connected with { $provider }. From now on you can sign in with it.
told-identity-disconnected = { $provider } was disconnected
told-identity-disconnected-text = Your account at { $site } was disconnected from { $provider }. You can no longer sign in with it.
told-app-connected = { $client } may use your account
told-app-connected-text = An application, { $client }, may now use your account at { $site }. You can end that in your account, under “Connected apps”.
told-when = When:
told-device = Device:
told-place = Network:
told-not-me = It was not you? This link locks your account: every device is signed out, and what was changed lately is taken back.
told-was-me = If it was you, there is nothing to do.
told-operator = Whoever runs { $site } did this. If you did not ask for it, tell them.
told-elsewhere = It was not you? The link that takes this back was sent to where your account could be reached before.
mail-invitation = You are invited to { $site }
mail-invitation-opening = An account at { $site } was made for { $address }. Choose how you want to sign in:
mail-invitation-button = Accept the invitation
mail-invitation-closing = You did not expect this? Then ignore this mail; the account opens for nobody else.
mail-locked = Your account is locked, and yours again
mail-locked-opening = You told us that it was not you who changed your account at { $site }. Every device is signed out, recent changes are taken back, and the old password no longer works. Choose a new one now:
mail-locked-closing = Look at your mailbox too: whoever was in your account may know its password.
mail-deleted = Your account was deleted
mail-deleted-opening = Your account at { $site } and your personal data there have been deleted.
mail-deleted-closing = Goodbye, and thank you for the time with us.

# What handlers say when something is wrong
problem-required = Please fill in this field.
problem-too-long = This is too long.
problem-characters = This contains characters that cannot be used here.
problem-blank = This has nothing that can be seen. Type a name, or leave the field empty.
problem-login = The account or the password is wrong. Try again, or reset your password.
problem-login-disabled = This account is disabled. Ask the people who run this service.
problem-identifier-required = Enter what you sign in with.
problem-password-required = Enter your password.
problem-password-wrong = This is not your current password.
problem-password-short = { $length ->
    [one] The password needs at least one character.
   *[other] The password needs at least { $length } characters.
}
problem-password-long = The password is too long. Use at most { $length } characters.
problem-password-common = This password is on lists of often-used passwords. Choose another.
problem-password-same = The new password is the same as the old one.
problem-email = Enter an email address such as name@example.com.
problem-email-letters = Mail cannot be sent to this address from here: it has letters such as ä before the @. Use an address without them.
problem-email-same = This is already your address.
problem-code = This code is not right. Check the digits and try again.
problem-code-spent = That was tried too often or the code is too old. Send a new code.
problem-username = A username has 2 to 40 letters from a to z, digits, dots, dashes or underscores, and begins with a letter.
problem-username-taken = This username is taken. Choose another.
problem-url = Enter an address that begins with https://
problem-birthdate = Enter a date such as 1990-12-31.
problem-zoneinfo = Enter a time zone such as Europe/London.
problem-choice = Choose one of the options.
problem-confirm = Tick the box to confirm.
problem-limited = Too many tries. { $wait }
problem-messages = Messages to this destination have been asked for too often. If the last one has arrived, its link or code still works for as long as it says. { $wait }
problem-wait-seconds = { $seconds ->
    [one] Please wait one second, then try again.
   *[other] Please wait { $seconds } seconds, then try again.
}
problem-wait-minutes = { $minutes ->
    [one] Please wait a minute, then try again.
   *[other] Please wait { $minutes } minutes, then try again.
}
problem-wait-hours = { $hours ->
    [one] Please wait an hour, then try again.
   *[other] Please wait { $hours } hours, then try again.
}
problem-busy = The server is very busy. Please try again in a moment.
problem-other-person-title = Somebody else is signed in
problem-other-person = Since this page was opened, somebody else has signed in in this browser. Nothing was changed or saved. Open the page again to change the account that is signed in now.
problem-expired-title = This page has expired
problem-expired = It was open too long, the step is already done, or it began in another browser or before the cookies of this one were cleared. Start again; what you entered elsewhere is safe.
problem-link-title = This link does not work
problem-link = It may have been used already, or it was cut off. Copy the whole link from the mail, or start again.
problem-method-title = This address belongs to a form
problem-method = It cannot be opened by itself. Go back to the page with the form, or to the start page.
problem-not-found-title = This page does not exist
problem-not-found = Check the address, or go to the start page.
problem-forbidden-title = This is not allowed
problem-forbidden = Your account may not do this. Ask the people who run this service.
problem-origin-title = The form came from elsewhere
problem-origin = For your safety we accept forms only from our own pages. Open the page again and retry.
problem-request-title = This request cannot be read
problem-request = Go back, reload the page and try again.
problem-too-many-title = Too many tries
problem-messages-title = Too many messages
problem-busy-title = Please try again in a moment
problem-server-title = That is our fault
problem-server = Something broke on our side, and nothing was changed. Try again; if it stays, give the reference below to the people who run this service.
problem-client-title = The application’s request is not right
problem-client-unknown = The application that sent you here is not registered. Tell the people who run it.
problem-client-redirect = The application wants an answer at an address that is not registered. For your safety you stay here. Tell the people who run it.
problem-site-title = We cannot take you back there
problem-site-unknown = The site that sent you here is not one of ours. For your safety you stay here. If you run it, add its host under [[sites]] in the settings.
problem-site-address = The site that sent you here wants you back at an address that we cannot use: it must be complete and begin with https. For your safety you stay here. Tell the people who run it.
problem-site-loop-title = You are signed in, but the site does not notice
problem-site-loop = { $site } has sent you here several times in a row, although you are signed in. Tell the people who run it: your browser does not give { $site } the session cookie of { $own }, or its proxy does not pass it on. The setting sessions.cookie_domain must name a domain that both are below.
site-forbidden = You are signed in as { $name }, and this account may not use { $site }. Ask the people who run it. To use another account, sign out first: { $address }
try-again = Try again
problem-signup-closed-title = Sign-up is closed
problem-signup-closed = New accounts are made by the people who run this service.
problem-setup-title = This set-up link no longer works
problem-setup-taken = There is an account with this address already. If it is yours, make it an administrator on the server with: vestibule user update NAME --admin. Else use another address.
problem-setup = Each start of the server prints a new one, and it works until there is an administrator. Use the latest, or sign in.
notice-saved = Your changes are saved.
notice-password-changed = Your password is changed. Every other device was signed out.
notice-password-reset = Your new password is saved, and you are signed in. Every other device was signed out.
notice-invitation-accepted = Welcome. Your password is saved, your address is confirmed, and you are signed in.
notice-set-up = You are the administrator, and signed in. Next time a link to sign in is mailed to your address.
notice-set-up-passkey = You are the administrator, and signed in. Add a passkey now: it is how you sign in next time.
notice-email-sent = We sent a code to that address.
notice-email-changed = The new address is your account’s now, and confirmed.
notice-email-cancelled = Nothing was changed.
notice-code-sent = A new code is on its way. The one before still works.
notice-locked-mailbox = This account was locked. Until it has a new password, a connected account is not enough to sign in.
notice-reset-second = One more step: your new password works once this one is done.
notice-link-sent = A new link is on its way.
notice-verified = Your address is confirmed.
notice-verify-first = Confirm your address to go on. We have sent you a code.
notice-session-ended = The device is signed out.
notice-sessions-ended = All other devices are signed out.
notice-app-revoked = The app no longer has access.
notice-deleted-title = Your account is deleted
notice-deleted = Your personal data is erased. Goodbye.
notice-go-back = You are signed in. Go back to the application and sign in there once more.
notice-signed-out = You are no longer signed in here: your session was ended, perhaps on another device, or it has run out. Sign in to go on.
problem-password-personal = The password is your own name or address, or the name of this service. Choose another.
problem-password-wrong-here = This password is wrong. Try again.
notice-second-spent = These tries were all wrong, so the sign-in begins again.
notice-flow-expired = The page was open for a long time. You can go on where you were.
notice-flow-elsewhere = This sign-in was started in another browser, or your browser did not send our cookie. Sign in here, then go back to the application.
notice-flow-forgotten = We no longer know where you came from. Sign in here, then go back to the application.
notice-site-shortened = The address you opened is too long or too unusual to come back to. After signing in you come to the front page of { $site }.
session-unknown-device = Unknown device
problem-recovery = This is none of your recovery codes, or it was used already. Check each letter and digit.
problem-totp-used = This code was right, but it was used already. Wait until the app shows the next one, and enter that.
problem-totp = This code is not right. Enter the one that the app shows now, and check that the clock of that device is right.
problem-factor-required = A second step is required here, and this is your last one. Add another one first.
problem-factor-contact = Codes cannot be sent: there is no confirmed number or address. Confirm one first.
problem-factor-many = Your account has as many second steps as it can hold. Remove one first.
notice-factor-added = Two-step verification is on, with the new second step.
notice-factor-renamed = The new name is saved.
notice-factor-removed = The second step is removed. Two-step verification stays on with the others.
notice-two-step-off = That was the last second step: two-step verification is off now.
notice-totp-over = The set-up was open for too long or is done already. Begin again if the app is not in the list.
notice-trust-revoked = This browser is asked for the second step again.
notice-trust-all-revoked = Every browser is asked for the second step again.

# Other ways in
login-identifier-all = Email address, phone number or username
login-identifier-phone = Email address or phone number
login-phone = Phone number
login-or = or
login-others = Other ways to sign in
login-with-password = Use a password
login-with-passkey = Use a passkey
login-with-mail = Email me a sign-in link
login-with-sms = Text me a code
login-mail-button = Email me a sign-in link
login-sms-button = Text me a code
login-another-way = Sign in another way
login-code = Enter the code
login-code-mail = If there is an account, we have sent a mail with a link and a code to the address of
login-code-sms = If there is an account, we have sent a code by SMS to
login-code-link = If you open the link on another device, enter this number there:
code-no-sms = No SMS? Wait a minute, then send it again or sign in another way.
login-link = Sign in
login-link-here = Press the button to sign in as
login-link-elsewhere = This is another browser than the one that asked for this link. Enter the number that one shows to sign in here as
login-number = Number
login-number-hint = Three digits, on the page where you asked for the link.
login-link-again = Ask for a link in this browser
phone = Phone number
phone-hint = With its country code, such as +43 660 1234567.
signup-phone-hint = With its country code, such as +43 660 1234567. We send a code there to confirm it.
signup-with-phone = Use a phone number instead
signup-with-email = Use an email address instead
signup-password-optional = Password (optional)
signup-password-optional-hint = Without one you sign in with codes by SMS.

# The second factor
second = One more step
second-totp = Code from an authenticator app
second-sms = Code by SMS
second-mail = Code by email
second-key = Passkey or security key
second-recovery = Recovery code
second-password = Password
second-totp-text = Enter the code that your authenticator app shows.
second-sms-text = We send a code by SMS to
second-mail-text = We send a code to
second-key-text = Use your passkey or touch your security key.
second-recovery-text = Enter one of the recovery codes that you saved.
second-password-text = Enter your password as well.
second-old-password = Old password
second-old-password-text = This account asks for a second step, and your mailbox or phone was the first. Enter the password that you had until now, if you find it again.
second-recovery-label = Recovery code
second-recovery-hint = Each works once. Dashes and spaces do not matter.
second-send = Send the code
second-others = Use another way
second-lost = Lost all of these? Only an administrator can let you in again.
second-trust = { $days ->
    [one] Do not ask again in this browser for one day
   *[other] Do not ask again in this browser for { $days } days
}
problem-phone = Enter a phone number with its country code, such as +43 660 1234567.
problem-phone-same = This is your number already.
problem-no-sms = We cannot send an SMS to this number now. Please use another way.
problem-no-code = We cannot send a code this way now. Please use another way.
problem-number = This is not the number. Look at the page where you asked for the link.
problem-number-spent = Too many wrong numbers. Enter the code from the mail in the browser where you asked for it, or ask again.

# Phone number
account-phone = Phone number
phone-none = There is no phone number in your account yet.
phone-current = Your phone number:
contact-unverified = (not confirmed)
phone-pending = Confirm your new number
phone-pending-text = We have sent a code to { $address }. Your number changes when you enter it.
phone-confirm = Confirm number
phone-cancel = Keep the present number
phone-change = Change your number
phone-new = New phone number
phone-change-button = Send a code
phone-remove = Remove your number
phone-remove-text = No more codes and notices go there. For some days, a link that we send now can take this back.
phone-remove-button = Remove number
notice-phone-sent = We have sent a code by SMS to that number.
notice-phone-changed = The new number is your account’s now, and confirmed.
notice-phone-cancelled = Nothing was changed.
notice-phone-removed = Your phone number is removed.
problem-phone-codes = Codes are sent to this number when you sign in. Turn them off first, under “Two-step verification”.
problem-phone-last = Without this number nobody could sign in to this account. Add an email address, a passkey or a connected account first.
email-none = There is no email address in your account yet.
password-first = Set a password to sign in with.

# Mails of other ways in
mail-sign-in = Sign in
mail-sign-in-opening = Somebody, probably you, wants to sign in at { $site }. Enter this code:
mail-sign-in-button = Sign in
mail-sign-in-closing = It was not you? Then ignore this mail; nobody is signed in. Give the code to nobody.
mail-second = Your code
mail-second-opening = Somebody, probably you, is signing in at { $site } and has given the first factor. The second is this code:
mail-second-closing = It was not you? Then somebody knows your password or uses a connected account: change the password, and disconnect what you do not know. Give the code to nobody.

# Passkeys
login-passkey = Sign in with a passkey
passkey-exists = There is a passkey for your account on this device already.
passkey-failed = Your browser could not do that. Try again, or choose another way.
problem-passkey = That passkey did not work. Try again, or sign in another way.
problem-passkey-unknown = No account here has this passkey any more. Sign in another way; you can delete it from your device.
problem-passkey-copied = This passkey was refused, because it looks like a copy. Sign in another way, remove it from your account and add a new one.
problem-passkey-add = The passkey could not be added. Please try again.
problem-passkey-name = Choose a name of 1 to 64 characters.
problem-passkey-last = This is the only way into your account, so it cannot be removed. Add another passkey or set a password first.
problem-passkey-many = Your account has as many passkeys and security keys as it can have. Remove one first.
notice-passkey-stale = That took too long, or was sent twice. Please try once more.
notice-two-sessions = Your browser showed us two sign-ins at once, and one of them may not be yours. To be safe we use neither: please sign in again.
notice-passkey-added = The passkey is added. You can use it from now on.
notice-passkey-renamed = The new name is saved.
notice-passkey-removed = The passkey is removed and no longer opens your account. You can delete it from your device, too.
account-passkeys = Passkeys
passkeys-text = With a passkey you sign in with your finger, your face or your device’s PIN, and without a password. It works on this site only, so a false one cannot steal it.
passkeys-add = Add a passkey
passkeys-keys = Security keys
passkeys-keys-text = A small device that you plug in or hold to your phone, as a second step after your password. With the first one, two-step sign-in begins.
passkeys-add-key = Add a security key
passkeys-added = added
passkeys-used = last used
passkeys-unused = not used yet
passkeys-rename = Rename
passkeys-rename-named = Rename { $name }
passkeys-name = Name
passkeys-save = Save
passkeys-remove = Remove
passkeys-remove-named = Remove { $name }
passkeys-script = To add a passkey or a security key, your browser needs JavaScript, which is off.
passkeys-unsupported = This browser cannot make passkeys. Try a newer one, or another device.
passkeys-elsewhere = Browsers accept no passkeys at this site’s address.
offer-title = Make signing in easier
offer-text = Next time, sign in with your finger, your face or your device’s PIN instead of your password. Your device keeps a passkey for that, and nobody else learns it.
offer-later = Not now
offer-never = Never
problem-key = That did not work. Try again, or use another way.
second-key-script = That needs JavaScript, which is off in this browser. Use another way.
second-key-unsupported = This browser cannot use passkeys and security keys. Use another way.

# Other providers
connect-with = Continue with { $provider }
connect-last = Last used
connect-more = More ways to sign in
connect-go = On the way to { $provider }
connect-go-text = If nothing happens, use the button. Afterwards you come back here.
connect-address = Your email address
connect-address-text = { $provider } has told us who you are. One thing is still missing: an email address that you have confirmed.
connect-address-button = Send the code
connect-join = There is already an account
connect-join-text = { $email }, the address of your { $provider } account, already belongs to an account here. Sign in to it as before, and then you can connect the two.
connect-join-button = Sign in to that account
connect-sign-in = Sign in to connect { $provider }, in the way you used before.
connect-afresh-text = Is that account not yours? Its owner has never confirmed { $email }. You can leave it alone and create your own.
connect-afresh-button = Create a new account
connect-confirm = Connect { $provider }?
connect-confirm-text = From then on you can sign in to your account with { $provider }, too.
connect-confirm-here = Your account
connect-confirm-button = Connect
connect-confirm-no = Not now
account-identities = Sign-in services
identities-text = Your accounts with other services that you can sign in with here. Disconnect what you do not know.
identities-none = No account is connected yet.
identities-since = Connected on
identities-unused = Not used yet
identities-disconnect = Disconnect
identities-disconnect-named = Disconnect { $provider } { $name }
identities-more = Connect an account
identities-connect = Connect { $provider }
identities-connect-more = More services
signup-others = Other ways to sign up
signup-more = More ways to sign up
notice-identity-connected = Your { $provider } account is connected. You can now sign in with it.
notice-identity-already = This { $provider } account was connected already.
notice-identity-disconnected = Your { $provider } account is disconnected. Other devices that came in by it are signed out.
notice-identity-choose = Thank you. Now choose the account to connect.
problem-identity-last = This is your last way to sign in. Set a password, add a passkey or prove an email address first.
problem-identity-anothers = This { $provider } account is connected with another account here. Sign in with it and disconnect it there first.
problem-connect-cancelled = Nothing was connected. You cancelled at { $provider }.
problem-connect-unavailable = Nothing was connected. { $provider } does not answer at the moment. Try again in a minute.
problem-connect-unusable = Nothing was connected. The answer from { $provider } could not be used. Try again. If this keeps happening, tell whoever runs this site.
problem-provider-cancelled = You cancelled at { $provider }, so nothing has changed. Try again or choose another way.
problem-provider-unavailable = { $provider } does not answer at the moment. Try again in a minute or choose another way.
problem-provider-unusable = The answer from { $provider } could not be used. Try again or choose another way. If this keeps happening, tell whoever runs this site.
problem-provider-closed = No account here is connected with this { $provider } account. If you have an account, sign in to it another way and connect { $provider } there. New accounts are not made here.
problem-provider-invited = No account here is connected with this { $provider } account. If you have an account, sign in to it another way and connect { $provider } there. New accounts are made by invitation: ask whoever runs this site.
problem-provider-not-connected = No account here is connected with this { $provider } account. Sign in another way, then connect it in your account.
problem-provider-elsewhere = Sign in here as before. To connect { $provider }, open the link of the mail in the browser in which you came with { $provider }.
problem-provider-has-account = There is already an account here with the address of this { $provider } account. Sign in to it as before.
link-code-only = Enter the code where you began
link-code-only-text = The code in this mail belongs in the browser in which you began, and so does the link. You can close this page.
logged-out-elsewhere = Sign out at { $provider }, too
problem-provider-another = That { $provider } account is not connected with the account you are signed in to. Prove in another way that it is you.
problem-provider-not-asked = { $provider } did not ask you again who you are: choose another way, or sign out there and try again.
problem-signup-invited = Accounts are made by invitation: ask whoever runs this site.
recovery-used = You signed in with a recovery code
recovery-used-text = That code does not work again.
recovery-used-lost = Is your phone lost? Remove it under “Security”, and add the new one there.
recovery-used-security = To “Security”
notice-phone-verified = Your number is confirmed.
notice-signed-out-all = You are signed out everywhere.
notice-session-ended-here = You are signed out.
notice-code-sent-only = A new code is on its way.
code-expired-for-good = This code is no longer valid, and no more can be sent here. Begin again.
resend-look = Look again
link-already = Already confirmed
link-already-text = { $address } is confirmed already. There is nothing left to do with this link.
notice-confirmed = That is confirmed already. Sign in to go on.
notice-has-account = There is an account with this address or number by now. Sign in to it.
email-add = Add an address
email-add-button = Send a code
email-add-hint = We send a code there to confirm it.
email-add-pending-text = We sent a code to { $address }. Enter it, and the address is your account’s.
email-add-cancel = Do without an address for now
email-add-new = Email address
phone-add = Add a number
phone-add-pending = Confirm your number
phone-add-pending-text = We sent a code to { $address }. Enter it, and the number is your account’s.
phone-add-cancel = Do without a number for now
phone-add-new = Phone number
notice-profile-signed-out = You are no longer signed in, so nothing is saved yet. What you typed still stands here: sign in in another tab, then save again.
profile-sign-in = Sign in in a new tab
factor-last-text = “{ $name }” is your only second step. Without it, whoever learns your password can sign in as you.
factor-last-button = Turn it off
factor-last-keep = Keep it on
