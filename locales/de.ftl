# Die Texte aller Seiten und Mails. Jede Sprache hat dieselben Kennungen mit denselben Variablen; ein Test vergleicht sie.

# Der Rahmen
error-prefix = Fehler:
error-summary = Bitte prüfen Sie Ihre Angaben
skip = Zum Inhalt springen
help = Hilfe
language-nav = Sprache
continue = Weiter
home = Zur Startseite
client-continue = weiter zu { $client }

# Datum
date = { $day }. { $month } { $year }
date-time = { $date }, { $time }
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember

# Passwörter
password = Passwort
password-new = Neues Passwort
password-current = Aktuelles Passwort
password-hint = { $length ->
    [one] Mindestens ein Zeichen. Gut sind mehrere Wörter hintereinander.
   *[other] Mindestens { $length } Zeichen. Gut sind mehrere Wörter hintereinander.
}
password-show = Passwort anzeigen
password-hide = Passwort verbergen
password-shown = Ihr Passwort ist sichtbar
password-hidden = Ihr Passwort ist verborgen
password-caps = Feststelltaste ist aktiv

# Anmelden
login = Anmelden
login-again-title = Bitte bestätigen Sie, dass Sie es sind
login-again-text = Geben Sie Ihr Passwort noch einmal ein, um fortzufahren.
login-again-other = Melden Sie sich noch einmal an, um fortzufahren.
login-again-unsupported = Dieser Browser kann keine Passkeys verwenden. Öffnen Sie die Seite in einem, der es kann.
login-again-script = Ihr Passkey braucht JavaScript, und das ist in diesem Browser ausgeschaltet.
login-again-set = Stattdessen ein Passwort wählen
login-again-stuck = Hier ist nichts mehr da, womit Sie bestätigen könnten, dass Sie es sind.
login-again-reset = Wählen Sie ein Passwort: Wir schicken Ihnen einen Code dafür. Alle anderen Geräte werden abgemeldet.
login-again-ask = Sie bleiben angemeldet, aber nur die Betreiber dieses Dienstes können das jetzt für Sie ändern. Fragen Sie dort nach, bevor Sie sich abmelden.
login-not-you = Nicht Sie?
login-as-other = Als jemand anderes anmelden
login-again-back = Zurück zu Ihrem Konto
login-identifier = E-Mail-Adresse oder Benutzername
login-remember = Auf diesem Gerät angemeldet bleiben
login-button = Anmelden
login-reset = Passwort vergessen?
login-new = Neu hier?
login-signup = Konto erstellen
login-again = Wieder anmelden
back-to-login = Zurück zur Anmeldung

# Registrieren
signup = Konto erstellen
signup-email-hint = Wir schicken Ihnen dorthin einen Code zur Bestätigung.
signup-name = Name (freiwillig)
signup-button = Konto erstellen
signup-known = Sie haben schon ein Konto?
email = E-Mail-Adresse

# Codes
verify = Geben Sie den Code aus der E-Mail ein
verify-phone = Geben Sie den Code aus der SMS ein
verify-button = Bestätigen
verify-change = Andere Adresse verwenden
verify-change-phone = Eine andere Nummer verwenden
code-label = Code
code-hint = Nur die Ziffern; Leerzeichen sind egal
code-busy = Der Code wird geprüft …
code-sent = Wir haben einen Code geschickt an
code-expired = Dieser Code gilt nicht mehr. Lassen Sie sich einen neuen schicken.
code-existing = Wenn Sie mit dieser Adresse schon ein Konto haben, steht in der E-Mail, wie es weitergeht.
code-existing-phone = Wenn Sie mit dieser Nummer schon ein Konto haben, steht in der Nachricht, wie es weitergeht.
code-spam = Nichts angekommen? Sehen Sie im Spam-Ordner nach. Sie können auch den Link in der E-Mail öffnen.
resend = Neuen Code schicken
resend-wait = { $seconds ->
    [one] In einer Sekunde lässt sich ein neuer Code schicken.
   *[other] In { $seconds } Sekunden lässt sich ein neuer Code schicken.
}

# Links aus E-Mails
link-verify = Adresse bestätigen
link-verify-text = Bestätigen Sie mit der Schaltfläche, dass { $address } Ihre Adresse ist. Danach sind Sie hier angemeldet.
link-elsewhere-text = Sie haben sich in einem anderen Browser registriert. Geben Sie Ihr Passwort ein, um { $address } zu bestätigen und sich hier anzumelden.
link-verify-button = Adresse bestätigen
link-password-hint = Das Passwort, das Sie bei der Registrierung gewählt haben.
link-expired = Dieser Link ist abgelaufen
link-expired-text = Wir können sofort einen neuen an { $address } schicken.
link-expired-button = Neuen Link schicken
link-reset = Neues Passwort wählen
link-reset-text = Im nächsten Schritt wählen Sie ein neues Passwort für { $address }. Bis dahin gilt das alte.
link-email = Neue Adresse bestätigen
link-email-text = { $address } wird die Adresse Ihres Kontos. Sie müssen dafür hier nicht angemeldet sein.
link-email-button = Diese Adresse verwenden
wasnt-me = Das war ich nicht
wasnt-me-text = Ist jemand anderes in Ihrem Konto? Dann sperren Sie ihn jetzt aus. Sie müssen nicht angemeldet sein und kommen mit einem neuen Passwort sofort wieder hinein.
wasnt-me-sessions = Alle Geräte werden abgemeldet, und Apps verlieren ihren Zugang.
wasnt-me-password = Das Passwort gilt nicht mehr; Sie wählen ein neues.
wasnt-me-changes = E-Mail-Adresse und Telefonnummer werden wieder so, wie sie vor { $hours } Stunden waren.
wasnt-me-factors = Passkeys, Anmeldedienste, zweite Schritte und Wiederherstellungscodes, die seither dazukamen, werden entfernt; entfernte kommen zurück.
wasnt-me-button = Mein Konto jetzt sperren
wasnt-me-tick = Ja, das war ich nicht
locked = Ihr Konto ist gesperrt
locked-text = Niemand ist mehr angemeldet, und das alte Passwort gilt nicht mehr.
locked-email = Ihr Konto hat wieder die Adresse { $address }.
locked-phone = Ihr Konto hat wieder die Nummer { $number }.
locked-taken = Die Adresse oder Nummer von vorher gehört inzwischen zu einem anderen Konto, darum hat Ihres keine. Fragen Sie die Betreiber dieses Dienstes.
locked-credentials = Passkeys, Anmeldedienste oder zweite Schritte wurden zuletzt geändert; das ist zurückgenommen.
locked-left = Das gehört jetzt zu Ihrem Konto
locked-restored = wieder da
locked-passkey = Passkey „{ $name }“
locked-security-key = Sicherheitsschlüssel „{ $name }“
locked-mailbox = Bis Sie ein neues Passwort haben, braucht ein verbundenes Konto auch einen Code, den wir an Ihre E-Mail-Adresse senden.
locked-left-text = Trennen oder entfernen Sie, was Sie nicht kennen, sobald Sie wieder angemeldet sind:
locked-next = Wählen Sie jetzt ein neues Passwort. Wenn Sie das alte auch anderswo benutzt haben, ändern Sie es dort ebenfalls.
locked-button = Neues Passwort wählen

# Ein neues Passwort
reset = Passwort zurücksetzen
reset-text = Sagen Sie uns, wer Sie sind; wir schicken Ihnen einen Code und einen Link.
reset-button = Code schicken
reset-sent = Sehen Sie in Ihr Postfach
reset-sent-phone = Sehen Sie in Ihren SMS nach
reset-sent-text = Falls es ein Konto mit diesen Angaben gibt, ist ein Code unterwegs. Geben Sie ihn hier ein oder öffnen Sie den Link in der E-Mail.
reset-sent-text-phone = Wenn es zu dieser Nummer ein Konto gibt, ist ein Code per SMS unterwegs. Geben Sie ihn hier ein.
reset-change = Mit anderen Angaben neu beginnen
reset-new = Neues Passwort wählen
reset-new-text = Alle anderen Geräte werden abgemeldet.
reset-new-button = Speichern und anmelden
reset-done = Ihr neues Passwort gilt
reset-disconnected = Mit { $providers } können Sie sich nicht mehr anmelden: Ihre Adresse hatte hier bisher niemand bestätigt, es kann also jemand anderes gewesen sein. Was Ihnen gehört, können Sie in Ihrem Konto wieder verbinden.

# Abmelden
logout = Abmelden?
logout-asked = { $client } möchte Sie abmelden.
logout-text = Sie können sich in diesem Browser abmelden oder auf allen Geräten.
logout-here = Hier abmelden
logout-everywhere = Überall abmelden
logout-stay = Angemeldet bleiben
logout-button = Abmelden
logged-out = Sie sind abgemeldet
logged-out-text = Sie können dieses Fenster schließen.
logged-out-apps = Diese Apps zeigen Sie vielleicht noch als angemeldet. Melden Sie sich auch dort ab, wenn andere dieses Gerät benutzen:

# Einwilligung
consent = Zugriff erlauben?
consent-switch = Nicht Sie?
consent-asks = { $client } möchte:
consent-more = { $client } hat bereits Zugriff und möchte nun außerdem:
consent-until = Das gilt, bis Sie es in Ihrem Konto unter „Verbundene Apps“ widerrufen.
consent-allow = Erlauben
consent-deny = Ablehnen

somebody-else = Ein anderes Konto ist gefragt
somebody-else-text = { $client } fragt nach einem anderen Konto als dem, mit dem Sie hier angemeldet sind.
somebody-else-switch = Mit dem anderen Konto anmelden
somebody-else-back = Zurück zu { $client }
scope-openid = wissen, wer Sie sind
scope-openid-detail = Eine Kennung für Ihr Konto, sonst nichts.
scope-profile = Ihr Profil sehen
scope-profile-detail = Name, Benutzername, Bild, Website, Geburtstag, Sprache und Zeitzone, soweit Sie sie angegeben haben.
scope-email = Ihre E-Mail-Adresse sehen
scope-email-detail = Und ob sie bestätigt ist.
scope-phone = Ihre Telefonnummer sehen
scope-phone-detail = Und ob sie bestätigt ist.
scope-address = Ihre Postanschrift sehen
scope-address-detail = So, wie sie in Ihrem Profil steht.
scope-offline = auch in Ihrer Abwesenheit Zugriff behalten
scope-offline-detail = Selbst wenn Sie die App gerade nicht benutzen.
scope-other-detail = Eine Berechtigung dieser App.
form-post = Einen Moment
form-post-text = Sie werden zur Anwendung weitergeleitet. Falls nichts geschieht, verwenden Sie die Schaltfläche.
leaving = Sie sind angemeldet
leaving-to = Weiter zu { $name } …
leaving-button = Weiter zu { $name }
leaving-back = Zurück zu { $name } …
leaving-back-button = Zurück zu { $name }
leaving-denied = Sie haben abgelehnt
leaving-failed = Sie werden zurückgebracht
leaving-hint = Falls nichts geschieht, verwenden Sie die Schaltfläche.

# Die erste Verwaltungsperson
setup = Diese Installation einrichten
setup-text = Willkommen. Legen Sie das erste Konto an; es verwaltet alle anderen.
setup-text-mail = Passwörter gibt es hier nicht. Sie sind gleich angemeldet; beim nächsten Mal wird ein Anmeldelink an diese Adresse geschickt. Sehen Sie deshalb genau nach, ob sie stimmt.
setup-text-passkey = Passwörter gibt es hier nicht. Sie sind gleich angemeldet und fügen auf der nächsten Seite einen Passkey hinzu.
setup-text-passkey-mail = Passwörter gibt es hier nicht. Sie sind gleich angemeldet und können auf der nächsten Seite einen Passkey hinzufügen. Ohne ihn wird ein Anmeldelink an diese Adresse geschickt; sehen Sie deshalb genau nach, ob sie stimmt.
setup-text-other = Passwörter gibt es hier nicht. Sie sind gleich angemeldet; hinterlegen Sie dann in Ihrem Konto, womit Sie sich beim nächsten Mal anmelden.
setup-button = Verwaltungskonto anlegen

# An invitation
invitation = Sie sind zu { $site } eingeladen
invitation-text = Es gibt ein Konto für { $address }. Wählen Sie, wie Sie sich anmelden möchten.
invitation-text-password = Es gibt ein Konto für { $address }. Wählen Sie ein Passwort, und Sie sind angemeldet.
invitation-button = Speichern und anmelden
invitation-passkey = Wenn Sie angemeldet sind, können Sie einen Passkey hinzufügen.
invitation-over-title = Diese Einladung gilt nicht mehr
invitation-over = Sie wurde schon benutzt, oder eine spätere Änderung am Konto hat sie beendet. Wenn das Konto Ihres ist, melden Sie sich an; dort lassen Sie sich einen Anmeldelink oder ein neues Passwort schicken.
invitation-expired = Sie ist abgelaufen. Das Konto für { $address } gibt es noch: Auf der Anmeldeseite können Sie sich einen Link oder ein neues Passwort schicken lassen.

# Fehler
error-reference = Kennung für Rückfragen:
error-status = Status { $status }

# Das Konto
account-nav = Ihr Konto
account-home = Übersicht
account-profile = Profil
account-email = E-Mail-Adresse
account-password = Passwort
account-sessions = Geräte
account-apps = Verbundene Apps
account-delete = Konto löschen
home-hello = Guten Tag { $name }, hier sehen Sie Ihr Konto auf einen Blick.
home-unverified = nicht bestätigt
home-since = Konto seit
home-sessions = { $count ->
    [one] Auf einem Gerät angemeldet
   *[other] Auf { $count } Geräten angemeldet
}
home-apps = { $count ->
    [0] Keine
    [one] Eine App
   *[other] { $count } Apps
}
home-identities = { $count ->
    [0] Keine
    [one] Ein Konto
   *[other] { $count } Konten
}
profile-text = Alle Angaben sind freiwillig. Apps sehen nur, was Sie erlauben.
profile-save = Profil speichern
profile-unset = Keine Angabe
profile-group-name = Ihr Name
profile-group-about = Über Sie
profile-group-place = Sprache und Kontakt
profile-group-address = Postanschrift
claim-name = Vollständiger Name
claim-given_name = Vorname
claim-middle_name = Weitere Vornamen
claim-family_name = Nachname
claim-nickname = Spitzname
claim-preferred_username = Benutzername
claim-preferred_username-hint = Auch damit können Sie sich anmelden. 2 bis 40 Buchstaben von a bis z, Ziffern, Punkte, Binde- oder Unterstriche; am Anfang steht ein Buchstabe.
claim-bio = Über mich
claim-picture = Adresse Ihres Bildes
claim-picture-hint = Internetadresse eines Bildes, beginnend mit https://
claim-url-hint = Beginnend mit https://
claim-website = Website
claim-profile = Profilseite
claim-gender = Geschlecht
claim-birthdate = Geburtstag
claim-birthdate-hint = Zum Beispiel 1990-12-31; 0000-12-31 lässt das Jahr offen.
claim-locale = Sprache
claim-locale-hint = Für diese Seiten, Ihre E-Mails und die Apps, die Sie verwenden.
claim-zoneinfo = Zeitzone
claim-zoneinfo-hint = Zum Beispiel Europe/Berlin
claim-phone_number = Telefonnummer
claim-phone_number-hint = Sie lässt sich hier nicht ändern.
claim-address_street_address = Straße und Hausnummer
claim-address_postal_code = Postleitzahl
claim-address_locality = Ort
claim-address_region = Bundesland oder Region
claim-address_country = Land
password-text = Nach der Änderung werden alle anderen Geräte abgemeldet.
password-save = Passwort ändern
password-set = Passwort festlegen
email-current = Ihre Adresse:
email-pending = Wartet auf Bestätigung
email-pending-text = Wir haben einen Code an { $address } geschickt. Bis Sie ihn eingeben, bleibt Ihre jetzige Adresse bestehen.
email-confirm = Neue Adresse bestätigen
email-cancel = Änderung abbrechen
email-change = Adresse ändern
email-new = Neue E-Mail-Adresse
email-new-hint = Ihre jetzige Adresse erhält einen Hinweis, mit dem sich die Änderung zurücknehmen lässt.
email-change-button = Adresse ändern
sessions-text = In diesen Browsern sind Sie angemeldet.
sessions-current = dieses Gerät
sessions-first = seit
sessions-last = zuletzt benutzt
sessions-end = Abmelden
sessions-end-named = { $device } abmelden
sessions-end-others = Alle anderen abmelden
sessions-end-all = Überall abmelden
apps-text = Diese Apps dürfen Teile Ihres Kontos verwenden.
apps-unknown = Eine App, die hier nicht mehr registriert ist
apps-none = Keine App hat Zugriff auf Ihr Konto.
apps-since = seit
apps-revoke = Widerrufen
apps-revoke-named = Zugriff von { $client } widerrufen
delete-text = Das lässt sich nicht rückgängig machen.
delete-point-profile = Ihr Profil und Ihre Adressen werden sofort gelöscht.
delete-point-sessions = Sie werden überall abgemeldet.
delete-point-apps = Verbundene Apps verlieren ihren Zugriff.
delete-confirm = Ja, mein Konto endgültig löschen
delete-last-administrator = Nur Sie verwalten diese Seite; danach könnte das niemand mehr. Geben Sie zuerst jemand anderem dieses Recht; wer den Server betreibt, tut das dort mit:
delete-button = Konto löschen

# Sicherheit
account-security = Sicherheit
security-passkeys = Passkeys
security-passkeys-text = Melden Sie sich mit Fingerabdruck, Gesicht oder der PIN Ihres Geräts an statt mit einem Passwort.
security-passkeys-link = Passkeys verwalten
two-step = Anmeldung in zwei Schritten
two-step-on = an
two-step-off = aus
two-step-on-text = Nach dem ersten Nachweis fragen wir nach einem zweiten. Ein gestohlenes Passwort allein genügt dann nicht.
two-step-off-text = Wer Ihr Passwort erfährt, kann sich als Sie anmelden. Ein zweiter Schritt verhindert das.
two-step-required = Er ist hier Pflicht: Den letzten zweiten Schritt können Sie ersetzen, aber nicht entfernen.
totp = Authenticator-Apps
totp-text = Eine App auf Ihrem Telefon zeigt alle 30 Sekunden einen neuen Code, auch ohne Netz.
totp-add = App hinzufügen
totp-set-up = Authenticator-App hinzufügen
totp-set-up-text = Scannen Sie das Bild mit einer Authenticator-App auf Ihrem Telefon. Geben Sie dann den Code ein, den die App zeigt.
totp-qr = QR-Code mit dem geheimen Schlüssel; derselbe Schlüssel steht darunter als Text
totp-open = In einer App auf diesem Gerät öffnen
totp-secret = Geheimer Schlüssel
totp-secret-hint = Wenn Sie nicht scannen können: Tippen oder kopieren Sie ihn in die App. Leerzeichen zählen nicht.
totp-name = Authenticator-App
totp-name-hint = Woran Sie sie später erkennen, zum Beispiel „Mein Telefon“.
totp-confirm = Bestätigen und einschalten
totp-cancel = Abbrechen
enrol = Zweiten Schritt hinzufügen
enrol-text = Ein zweiter Schritt ist hier Pflicht. Richten Sie ihn jetzt ein, dann geht die Anmeldung weiter.
copy = Kopieren
copied = Kopiert
factor-name = Name
factor-unused = noch nicht benutzt
factor-last = Anmeldung in zwei Schritten ausschalten?
factor-rename = Umbenennen
factor-rename-save = Namen speichern
factor-remove = Entfernen
factor-remove-named = { $name } entfernen
sms-codes = Codes per SMS
sms-codes-text = Wir senden einen Code an { $to }. Eine App ist sicherer: Nummern können übernommen werden.
sms-codes-none = Dafür braucht Ihr Konto eine bestätigte Telefonnummer.
sms-codes-link = Telefonnummer hinzufügen
mail-codes = Codes per E-Mail
mail-codes-text = Wir senden einen Code an { $to }. Das schützt so gut, wie Ihr Postfach geschützt ist.
mail-codes-none = Dafür braucht Ihr Konto eine bestätigte E-Mail-Adresse.
mail-codes-link = E-Mail-Adresse bestätigen
codes-turn-on = Einschalten
codes-turn-on-named = { $name } einschalten
codes-turn-off = Ausschalten
codes-turn-off-named = { $name } ausschalten
recovery = Wiederherstellungscodes
recovery-text = Für den Tag, an dem Ihr Telefon weg ist. Jeder gilt einmal.
recovery-left = { $count ->
    [0] Sie haben keine.
    [one] Einer ist übrig.
   *[other] { $count } sind übrig.
}
recovery-missing = Erstellen Sie jetzt Wiederherstellungscodes: Ohne sie kann ein verlorenes Telefon Sie aussperren.
recovery-make = Codes erstellen
recovery-again = Neue Codes erstellen
recovery-shown = Ihre Wiederherstellungscodes
recovery-shown-text = Bewahren Sie sie dort auf, wo Sie sie ohne Ihr Telefon finden, zum Beispiel gedruckt bei Ihren Papieren. Frühere Codes gelten nicht mehr. Eine halbe Stunde lang lässt sich diese Seite neu laden; danach kann Ihnen niemand mehr diese Codes zeigen.
recovery-download = Als Textdatei herunterladen
recovery-print = Drucken
recovery-done = Ich habe sie aufbewahrt
recovery-file = { $site }: Wiederherstellungscodes für { $account }
recovery-file-text = Jeder Code gilt einmal, anstelle des zweiten Schritts. Wer sie und Ihr Passwort hat, kann sich als Sie anmelden.
trusted = Browser ohne zweiten Schritt
trusted-text = In diesen Browsern haben Sie „nicht mehr fragen“ gewählt. Ein neues Passwort beendet das.
trusted-until = bis
trusted-revoke = Wieder fragen
trusted-revoke-named = Auf { $device } wieder fragen
trusted-revoke-all = Überall wieder fragen
# Text messages. One message holds 160 characters of the GSM alphabet: plain quotes and hyphens, no dashes.
sms-code = { $code } ist Ihr Code für { $site }. Gültig { $minutes } min. Geben Sie ihn niemandem weiter.
sms-existing = { $site }: Zu dieser Nummer gibt es schon ein Konto. Anmelden: { $link }
sms-notice = { $site }: { $words } Waren Sie das nicht? { $link }

# Seiten für die Entwicklung
mailbox = Postfach
mailbox-none = Noch keine Mail. Registrieren Sie sich, dann erscheint hier von selbst die erste.
mailbox-text = Während der Entwicklung abgefangene Mails, die neueste zuerst. Neue erscheinen von selbst.
mailbox-to = An
mailbox-html = HTML-Teil ansehen
mailbox-back = Zurück zum Postfach
inbox = SMS
inbox-none = Noch keine SMS. Lassen Sie sich einen Code per SMS schicken, dann erscheint er hier von selbst.
inbox-text = Während der Entwicklung abgefangene SMS, die neueste zuerst. Neue erscheinen von selbst.
demo = Demo-Anwendung
demo-text = Eine kleine Anwendung, um den ganzen Weg durch OpenID Connect auszuprobieren.
demo-sign-in = Mit { $site } anmelden
demo-validated = Angemeldet. Diese Anwendung hat das ID-Token selbst geprüft.
demo-claims = Angaben aus dem ID-Token und von Userinfo
demo-account = Ihr Konto
demo-refresh = Neue Token holen
demo-refreshed = Neue Token erhalten und wieder geprüft.
demo-signed-out = Sie sind von dieser Anwendung abgemeldet.
demo-again = Noch einmal versuchen
demo-denied = Die Anmeldung wurde nicht abgeschlossen
demo-denied-detail = Sie haben abgebrochen, oder der Anbieter hat es nicht erlaubt ({ $code }).
demo-provider = Der Anmeldedienst antwortet nicht
demo-provider-detail = Die Anwendung konnte ihn nicht erreichen oder seine Antwort nicht verstehen. Läuft er?
demo-state = Diese Anmeldung hat nicht hier begonnen
demo-state-detail = Die Antwort gehört zu keiner Anmeldung, die dieser Browser in den letzten Minuten begonnen hat. Sie wurde nicht beachtet.
demo-token = Die Token wurden abgelehnt
demo-token-detail = Was der Anbieter geschickt hat, bestand eine Prüfung nicht. Niemand wurde angemeldet.
demo-missing = Diese Seite gibt es nicht
demo-missing-detail = Diese Anwendung hat nur eine Startseite.
demo-foreign = Das Formular kam von einer anderen Website
demo-foreign-detail = Zu Ihrer Sicherheit wurde es nicht ausgeführt.
fake-site = Entwicklung
fake-title = Ersatz für { $provider }
fake-warning = Das ist nicht { $provider }, sondern ein Ersatz für die Entwicklung: Niemand wird nach einem Passwort gefragt, und nichts verlässt diesen Rechner.
fake-person = Wer sich anmeldet
fake-somebody = Jemand anderes, siehe unten
fake-email = Andere Adresse
fake-email-hint = Leer bleibt es bei der eigenen. Dieselbe Person mit anderer Adresse: So ändert sich dort eine Adresse.
fake-email-hosted = Adressen von { $domain } gelten als bei Google gehostet (hd).
fake-name = Anderer Name
fake-quirk = Was anders läuft
fake-quirk-hint = Nur bei dieser Anmeldung.
fake-quirk-none = Nichts
fake-quirk-unverified-email = Die Adresse ist nicht bestätigt
fake-quirk-no-email = Es kommt keine Adresse
fake-quirk-other-email = Die Adresse gehört jemand anderem
fake-quirk-slow = Die Antwort dauert zu lange
fake-quirk-down = Der Server ist ausgefallen (500)
fake-quirk-garbage = Die Antwort ist unlesbar
fake-quirk-html = Die Antwort ist eine Seite statt JSON
fake-quirk-huge = Die Antwort hat 10 MB
fake-quirk-renamed = Die Kennung der Person heißt anders
fake-quirk-clock-ahead = Die Uhr geht 10 Minuten vor
fake-quirk-clock-behind = Die Uhr geht 10 Minuten nach
fake-quirk-expired = Das ID-Token ist abgelaufen
fake-quirk-keys-rotated = Der Signaturschlüssel ist neu
fake-quirk-other-nonce = Das ID-Token gehört zu einer anderen Anfrage (nonce)
fake-quirk-wrong-issuer = Das ID-Token ist von einem anderen Aussteller
fake-quirk-other-person = Userinfo spricht von jemand anderem
fake-quirk-multi-factor = Ein zweiter Faktor wurde benutzt (amr)
fake-quirk-let-through = Ohne Frage durchgelassen, vor einem Tag angemeldet (auth_time)
fake-quirk-mix-up = Die Antwort nennt einen anderen Absender (iss)
fake-quirk-bent-types = Felder vom falschen Typ
fake-to = Beide Knöpfe führen zurück zu { $to }.
fake-scopes = Gewünscht:
fake-continue = Weiter
fake-cancel = Abbrechen
fake-problem-email = Geben Sie die Adresse ein, mit der sich jemand anmeldet, oder wählen Sie eine der Personen.
fake-refused = Die Anfrage wird abgelehnt
fake-refused-detail = { $provider } würde hier einen Fehler zeigen: { $reason }. Der Ersatz kennt den Client { $client } und Redirect-URIs auf diesem Rechner.

# Mails
mail-automatic = Diese E-Mail wurde automatisch verschickt.
mail-code-life = { $minutes ->
    [one] Der Code gilt eine Minute.
   *[other] Der Code gilt { $minutes } Minuten.
}
mail-or-link = Oder öffnen Sie diesen Link; eine Schaltfläche dort bewirkt dasselbe:
mail-or-link-here = Oder öffnen Sie diesen Link in dem Browser, in dem Sie begonnen haben; in einem anderen hilft nur der Code.
mail-link-hours = { $hours ->
    [one] Der Link gilt eine Stunde.
   *[other] Der Link gilt { $hours } Stunden.
}
mail-link-minutes = { $minutes ->
    [one] Der Link gilt eine Minute.
   *[other] Der Link gilt { $minutes } Minuten.
}
mail-verify = Bestätigen Sie Ihre Adresse
mail-verify-opening = Willkommen bei { $site }. Geben Sie diesen Code dort ein, wo Sie sich registriert haben:
mail-verify-button = Adresse bestätigen
mail-verify-closing = Sie haben sich nicht registriert? Dann ignorieren Sie diese E-Mail, und es geschieht nichts.
mail-existing = Sie haben bereits ein Konto
mail-existing-opening = Jemand, vermutlich Sie, wollte bei { $site } mit dieser Adresse ein Konto anlegen. Sie haben dort bereits eines.
mail-existing-login = Anmelden
mail-existing-reset = Neues Passwort wählen
mail-existing-closing = Sie waren das nicht? Dann ignorieren Sie diese E-Mail; es hat sich nichts geändert.
mail-connect = Anmelden, um { $provider } zu verbinden
mail-connect-opening = Jemand, vermutlich Sie, kam mit { $provider } zu { $site } und hat diese Adresse angegeben, die schon zu einem Konto gehört. Melden Sie sich hier bei ihm an, um { $provider } zu verbinden.
mail-connect-link = Öffnen Sie den Link in dem Browser, in dem Sie begonnen haben; in einem anderen können Sie sich nur anmelden.
mail-connect-button = Anmelden und verbinden
mail-connect-closing = Sie waren das nicht? Dann ignorieren Sie diese E-Mail; es ist nichts geschehen, und nichts ist verbunden.
mail-reset = Passwort zurücksetzen
mail-reset-opening = Jemand, vermutlich Sie, hat bei { $site } ein neues Passwort angefordert. Geben Sie diesen Code ein:
mail-reset-button = Neues Passwort wählen
mail-reset-closing = Sie waren das nicht? Dann ignorieren Sie diese E-Mail; Ihr Passwort bleibt, wie es ist. Geben Sie den Code niemandem weiter.
mail-address = Bestätigen Sie Ihre neue Adresse
mail-address-opening = Geben Sie diesen Code bei { $site } ein, um diese Adresse für Ihr Konto zu verwenden:
mail-address-closing = Sie wissen nicht, worum es geht? Dann ignorieren Sie diese E-Mail, und es geschieht nichts.
told-new-device = Anmeldung mit einem neuen Gerät
told-new-device-text = Jemand, vermutlich Sie, hat sich soeben bei Ihrem Konto bei { $site } mit einem Gerät angemeldet, das dafür noch nicht benutzt wurde.
told-factor-added = Ein zweiter Schritt kam dazu
told-factor-added-text = Ihr Konto bei { $site } hat eine weitere Möglichkeit, eine Anmeldung zu bestätigen.
told-factor-removed = Ein zweiter Schritt wurde entfernt
told-factor-removed-text = Eine Möglichkeit, eine Anmeldung zu bestätigen, wurde von Ihrem Konto bei { $site } entfernt.
told-passkey-added = Ein Passkey kam dazu
told-passkey-added-text = Ihr Konto bei { $site } hat einen weiteren Passkey oder Sicherheitsschlüssel. Wer ihn hat, kann sich anmelden.
told-passkey-removed = Ein Passkey wurde entfernt
told-passkey-removed-text = Ein Passkey oder Sicherheitsschlüssel wurde von Ihrem Konto bei { $site } entfernt.
told-password-changed = Ihr Passwort wurde geändert
told-password-changed-text = Das Passwort Ihres Kontos bei { $site } wurde geändert, und alle anderen Geräte wurden abgemeldet.
told-password-disconnected = Mit { $providers } können Sie sich dort nicht mehr anmelden: Ihre Adresse hatte dort bisher niemand bestätigt, es kann also jemand anderes gewesen sein.
told-email-requested = Eine andere E-Mail-Adresse wurde verlangt
told-email-requested-text = Jemand, der bei Ihrem Konto bei { $site } angemeldet ist, will dessen Adresse auf { $new } ändern. Bis das bestätigt ist, bleibt die jetzige.
told-email-changed = Ihre E-Mail-Adresse wurde geändert
told-email-changed-text = Die Adresse Ihres Kontos bei { $site } wurde von { $old } auf { $new } geändert.
told-email-added-text = Ihr Konto bei { $site } hat jetzt die Adresse { $new }.
told-phone-requested = Eine andere Telefonnummer wurde verlangt
told-phone-requested-text = Jemand, der bei Ihrem Konto bei { $site } angemeldet ist, will dessen Nummer auf { $new } ändern. Bis das bestätigt ist, ändert sich nichts.
told-phone-changed = Ihre Telefonnummer wurde geändert
told-phone-changed-text = Die Nummer Ihres Kontos bei { $site } wurde von { $old } auf { $new } geändert.
told-contact-removed = Eine Adresse oder Nummer wurde entfernt
told-contact-removed-text = { $old } gehört nicht mehr zu Ihrem Konto bei { $site }.
told-phone-added-text = Ihr Konto bei { $site } hat jetzt die Nummer { $new }.
told-second-failed = Jemand ist am zweiten Schritt gescheitert
told-second-failed-text = Jemand, der Ihr Passwort kennt, Ihre Post liest oder eines Ihrer Geräte hat, wollte sich bei Ihrem Konto bei { $site } anmelden und ist am zweiten Schritt gescheitert. Waren Sie das selbst, ist nichts zu tun.
told-code-used = Ein Wiederherstellungscode wurde benutzt
told-code-used-text = Mit einem Ihrer Wiederherstellungscodes hat sich jemand bei Ihrem Konto bei { $site } angemeldet. Er gilt nicht noch einmal.
told-codes-made = Neue Wiederherstellungscodes wurden erstellt
told-codes-made-text = Für Ihr Konto bei { $site } wurden neue Wiederherstellungscodes erstellt. Die früheren gelten nicht mehr.
told-identity-connected = { $provider } wurde verbunden
told-identity-connected-text = Ihr Konto bei { $site } wurde mit { $provider } verbunden. Sie können sich ab jetzt damit anmelden.
told-identity-disconnected = { $provider } wurde getrennt
told-identity-disconnected-text = Ihr Konto bei { $site } wurde von { $provider } getrennt. Sie können sich nicht mehr damit anmelden.
told-app-connected = { $client } darf Ihr Konto nutzen
told-app-connected-text = Eine App, { $client }, darf ab jetzt Ihr Konto bei { $site } nutzen. Sie können das in Ihrem Konto unter „Verbundene Apps“ beenden.
told-when = Wann:
told-device = Gerät:
told-place = Netz:
told-not-me = Sie waren das nicht? Dieser Link sperrt Ihr Konto: Alle Geräte werden abgemeldet, und was zuletzt geändert wurde, wird zurückgenommen.
told-was-me = Wenn Sie es waren, brauchen Sie nichts zu tun.
told-operator = Das hat getan, wer { $site } betreibt. Wenn Sie nicht darum gebeten haben, melden Sie es dort.
told-elsewhere = Sie waren das nicht? Der Link, der das zurücknimmt, ging dorthin, wo Ihr Konto vorher zu erreichen war.
mail-invitation = Sie sind zu { $site } eingeladen
mail-invitation-opening = Bei { $site } wurde ein Konto für { $address } angelegt. Wählen Sie, wie Sie sich anmelden möchten:
mail-invitation-button = Einladung annehmen
mail-invitation-closing = Sie haben das nicht erwartet? Dann ignorieren Sie diese Mail; für niemand anderen öffnet sich das Konto.
mail-locked = Ihr Konto ist gesperrt und wieder Ihres
mail-locked-opening = Sie haben uns mitgeteilt, dass nicht Sie Ihr Konto bei { $site } geändert haben. Alle Geräte sind abgemeldet, die letzten Änderungen zurückgenommen, und das alte Passwort gilt nicht mehr. Wählen Sie jetzt ein neues:
mail-locked-closing = Sehen Sie auch nach Ihrem Postfach: Wer in Ihrem Konto war, kennt vielleicht dessen Passwort.
mail-deleted = Ihr Konto wurde gelöscht
mail-deleted-opening = Ihr Konto bei { $site } und Ihre persönlichen Daten dort wurden gelöscht.
mail-deleted-closing = Auf Wiedersehen und vielen Dank für die gemeinsame Zeit.

# Was die Seiten sagen, wenn etwas nicht stimmt
problem-required = Bitte füllen Sie dieses Feld aus.
problem-too-long = Das ist zu lang.
problem-characters = Das enthält Zeichen, die hier nicht möglich sind.
problem-blank = Darin ist nichts zu sehen. Geben Sie einen Namen ein, oder lassen Sie das Feld leer.
problem-login = Konto oder Passwort stimmt nicht. Versuchen Sie es noch einmal oder setzen Sie Ihr Passwort zurück.
problem-login-disabled = Dieses Konto ist gesperrt. Wenden Sie sich an die Betreiber dieses Dienstes.
problem-identifier-required = Geben Sie ein, womit Sie sich anmelden.
problem-password-required = Geben Sie Ihr Passwort ein.
problem-password-wrong = Das ist nicht Ihr aktuelles Passwort.
problem-password-short = { $length ->
    [one] Das Passwort braucht mindestens ein Zeichen.
   *[other] Das Passwort braucht mindestens { $length } Zeichen.
}
problem-password-long = Das Passwort ist zu lang. Verwenden Sie höchstens { $length } Zeichen.
problem-password-common = Dieses Passwort steht auf Listen häufig verwendeter Passwörter. Wählen Sie ein anderes.
problem-password-same = Das neue Passwort ist dasselbe wie das alte.
problem-email = Geben Sie eine E-Mail-Adresse wie name@example.com ein.
problem-email-letters = An diese Adresse können wir keine E-Mail senden: Vor dem @ stehen Buchstaben wie ä. Verwenden Sie eine Adresse ohne solche.
problem-email-same = Das ist bereits Ihre Adresse.
problem-code = Dieser Code stimmt nicht. Prüfen Sie die Ziffern und versuchen Sie es noch einmal.
problem-code-spent = Zu viele Versuche, oder der Code ist zu alt. Lassen Sie sich einen neuen schicken.
problem-username = Ein Benutzername hat 2 bis 40 Buchstaben von a bis z, Ziffern, Punkte, Binde- oder Unterstriche und beginnt mit einem Buchstaben.
problem-username-taken = Dieser Benutzername ist vergeben. Wählen Sie einen anderen.
problem-url = Geben Sie eine Adresse ein, die mit https:// beginnt.
problem-birthdate = Geben Sie ein Datum wie 1990-12-31 ein.
problem-zoneinfo = Geben Sie eine Zeitzone wie Europe/Berlin ein.
problem-choice = Wählen Sie eine der Möglichkeiten.
problem-confirm = Setzen Sie das Häkchen, um zu bestätigen.
problem-limited = Zu viele Versuche. { $wait }
problem-messages = Nachrichten an dieses Ziel wurden zu oft angefordert. Falls die letzte angekommen ist, funktioniert ihr Link oder Code noch so lange, wie darin steht. { $wait }
problem-wait-seconds = { $seconds ->
    [one] Bitte warten Sie eine Sekunde und versuchen Sie es dann noch einmal.
   *[other] Bitte warten Sie { $seconds } Sekunden und versuchen Sie es dann noch einmal.
}
problem-wait-minutes = { $minutes ->
    [one] Bitte warten Sie eine Minute und versuchen Sie es dann noch einmal.
   *[other] Bitte warten Sie { $minutes } Minuten und versuchen Sie es dann noch einmal.
}
problem-wait-hours = { $hours ->
    [one] Bitte warten Sie eine Stunde und versuchen Sie es dann noch einmal.
   *[other] Bitte warten Sie { $hours } Stunden und versuchen Sie es dann noch einmal.
}
problem-busy = Der Server ist stark ausgelastet. Bitte versuchen Sie es gleich noch einmal.
problem-other-person-title = Jemand anders ist angemeldet
problem-other-person = Seit diese Seite geöffnet wurde, hat sich in diesem Browser jemand anders angemeldet. Nichts wurde geändert oder gespeichert. Öffnen Sie die Seite neu, um das Konto zu ändern, das jetzt angemeldet ist.
problem-expired-title = Diese Seite ist abgelaufen
problem-expired = Sie war zu lange offen, der Schritt ist schon erledigt, oder er wurde in einem anderen Browser begonnen oder bevor die Cookies in diesem gelöscht wurden. Beginnen Sie von vorn; alles andere ist gespeichert.
problem-link-title = Dieser Link funktioniert nicht
problem-link = Vielleicht wurde er schon verwendet oder abgeschnitten. Kopieren Sie den ganzen Link aus der E-Mail, oder beginnen Sie von vorn.
problem-method-title = Diese Adresse gehört zu einem Formular
problem-method = Allein lässt sie sich nicht öffnen. Gehen Sie zurück zur Seite mit dem Formular, oder zur Startseite.
problem-not-found-title = Diese Seite gibt es nicht
problem-not-found = Prüfen Sie die Adresse, oder gehen Sie zur Startseite.
problem-forbidden-title = Das ist nicht erlaubt
problem-forbidden = Ihr Konto darf das nicht. Wenden Sie sich an die Betreiber dieses Dienstes.
problem-origin-title = Das Formular kam von anderswo
problem-origin = Zu Ihrer Sicherheit nehmen wir nur Formulare unserer eigenen Seiten an. Öffnen Sie die Seite neu und versuchen Sie es noch einmal.
problem-request-title = Diese Anfrage ist nicht lesbar
problem-request = Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.
problem-too-many-title = Zu viele Versuche
problem-messages-title = Zu viele Nachrichten
problem-busy-title = Bitte versuchen Sie es gleich noch einmal
problem-server-title = Das ist unser Fehler
problem-server = Bei uns ist etwas schiefgegangen; es wurde nichts geändert. Versuchen Sie es noch einmal. Wenn es so bleibt, nennen Sie den Betreibern dieses Dienstes die Kennung unten.
problem-client-title = Die Anfrage der Anwendung stimmt nicht
problem-client-unknown = Die Anwendung, die Sie hierher geschickt hat, ist nicht registriert. Sagen Sie es ihren Betreibern.
problem-client-redirect = Die Anwendung möchte die Antwort an eine Adresse, die nicht registriert ist. Zu Ihrer Sicherheit bleiben Sie hier. Sagen Sie es ihren Betreibern.
problem-site-title = Dorthin können wir Sie nicht zurückbringen
problem-site-unknown = Die Website, die Sie hierher geschickt hat, gehört nicht zu uns. Zu Ihrer Sicherheit bleiben Sie hier. Wenn Sie sie betreiben, tragen Sie ihren Namen unter [[sites]] in die Einstellungen ein.
problem-site-address = Die Website, die Sie hierher geschickt hat, möchte Sie an einer Adresse wiederhaben, die nicht geht: Sie muss vollständig sein und mit https beginnen. Zu Ihrer Sicherheit bleiben Sie hier. Sagen Sie es ihren Betreibern.
problem-site-loop-title = Sie sind angemeldet, aber die Website merkt es nicht
problem-site-loop = { $site } hat Sie mehrmals hintereinander hierher geschickt, obwohl Sie angemeldet sind. Sagen Sie es den Betreibern: Ihr Browser gibt { $site } das Sitzungs-Cookie von { $own } nicht, oder der Proxy reicht es nicht weiter. Die Einstellung sessions.cookie_domain muss eine Domain nennen, unter der beide liegen.
site-forbidden = Sie sind als { $name } angemeldet, und dieses Konto darf { $site } nicht benutzen. Fragen Sie die Betreiber. Um ein anderes Konto zu benutzen, melden Sie sich zuerst ab: { $address }
try-again = Noch einmal versuchen
problem-signup-closed-title = Die Registrierung ist geschlossen
problem-signup-closed = Neue Konten legen die Betreiber dieses Dienstes an.
problem-setup-title = Dieser Einrichtungslink gilt nicht mehr
problem-setup-taken = Mit dieser Adresse gibt es schon ein Konto. Wenn es Ihres ist, geben Sie ihm auf dem Server das Verwaltungsrecht: vestibule user update NAME --admin. Sonst nehmen Sie eine andere Adresse.
problem-setup = Jeder Start des Servers gibt einen neuen aus; er gilt, bis es ein Verwaltungskonto gibt. Verwenden Sie den letzten oder melden Sie sich an.
notice-saved = Ihre Änderungen sind gespeichert.
notice-password-changed = Ihr Passwort ist geändert. Alle anderen Geräte wurden abgemeldet.
notice-password-reset = Ihr neues Passwort ist gespeichert, und Sie sind angemeldet. Alle anderen Geräte wurden abgemeldet.
notice-invitation-accepted = Willkommen. Ihr Passwort ist gespeichert, Ihre Adresse bestätigt, und Sie sind angemeldet.
notice-set-up = Sie sind Administrator und angemeldet. Beim nächsten Mal wird Ihnen ein Anmeldelink geschickt.
notice-set-up-passkey = Sie sind Administrator und angemeldet. Fügen Sie jetzt einen Passkey hinzu: Mit ihm melden Sie sich beim nächsten Mal an.
notice-email-sent = Wir haben einen Code an diese Adresse geschickt.
notice-email-changed = Die neue Adresse gehört jetzt zu Ihrem Konto und ist bestätigt.
notice-email-cancelled = Es wurde nichts geändert.
notice-code-sent = Ein neuer Code ist unterwegs. Der vorige gilt noch.
notice-locked-mailbox = Dieses Konto wurde gesperrt. Bis es ein neues Passwort hat, genügt ein verbundenes Konto nicht zum Anmelden.
notice-reset-second = Noch ein Schritt: Danach gilt Ihr neues Passwort.
notice-link-sent = Ein neuer Link ist unterwegs.
notice-verified = Ihre Adresse ist bestätigt.
notice-verify-first = Bestätigen Sie Ihre Adresse, um fortzufahren. Wir haben Ihnen einen Code geschickt.
notice-session-ended = Das Gerät ist abgemeldet.
notice-sessions-ended = Alle anderen Geräte sind abgemeldet.
notice-app-revoked = Die App hat keinen Zugriff mehr.
notice-deleted-title = Ihr Konto ist gelöscht
notice-deleted = Ihre persönlichen Daten sind gelöscht. Auf Wiedersehen.
notice-go-back = Sie sind angemeldet. Gehen Sie zurück zur Anwendung und melden Sie sich dort noch einmal an.
notice-signed-out = Sie sind hier nicht mehr angemeldet: Ihre Sitzung wurde beendet, vielleicht auf einem anderen Gerät, oder sie ist abgelaufen. Melden Sie sich an, um fortzufahren.
problem-password-personal = Das Passwort ist Ihr eigener Name, Ihre Adresse oder der Name dieses Dienstes. Wählen Sie ein anderes.
problem-password-wrong-here = Dieses Passwort ist falsch. Versuchen Sie es noch einmal.
notice-second-spent = Diese Versuche waren alle falsch, deshalb beginnt die Anmeldung noch einmal von vorne.
notice-flow-expired = Die Seite war lange geöffnet. Sie können da weitermachen, wo Sie waren.
notice-flow-elsewhere = Diese Anmeldung wurde in einem anderen Browser begonnen, oder Ihr Browser hat unser Cookie nicht gesendet. Melden Sie sich hier an und gehen Sie dann zur Anwendung zurück.
notice-flow-forgotten = Wir wissen nicht mehr, woher Sie kamen. Melden Sie sich hier an und gehen Sie dann zur Anwendung zurück.
notice-site-shortened = Die aufgerufene Adresse ist zu lang oder zu ungewöhnlich, um dorthin zurückzukehren. Nach der Anmeldung kommen Sie auf die Startseite von { $site }.
session-unknown-device = Unbekanntes Gerät
problem-recovery = Das ist keiner Ihrer Wiederherstellungscodes, oder er ist schon benutzt. Prüfen Sie jeden Buchstaben und jede Ziffer.
problem-totp-used = Dieser Code stimmt, wurde aber schon benutzt. Warten Sie, bis die App den nächsten zeigt, und geben Sie den ein.
problem-totp = Dieser Code stimmt nicht. Geben Sie den ein, den die App jetzt zeigt, und prüfen Sie, ob die Uhr jenes Geräts richtig geht.
problem-factor-required = Ein zweiter Schritt ist hier Pflicht, und das ist Ihr letzter. Fügen Sie zuerst einen anderen hinzu.
problem-factor-contact = Codes können nicht gesendet werden: Es gibt keine bestätigte Nummer oder Adresse. Bestätigen Sie zuerst eine.
problem-factor-many = Ihr Konto hat so viele zweite Schritte, wie es fassen kann. Entfernen Sie zuerst einen.
notice-factor-added = Die Anmeldung in zwei Schritten ist an, mit dem neuen zweiten Schritt.
notice-factor-renamed = Der neue Name ist gespeichert.
notice-factor-removed = Der zweite Schritt ist entfernt. Die Anmeldung in zwei Schritten bleibt mit den anderen an.
notice-two-step-off = Das war der letzte zweite Schritt: Die Anmeldung in zwei Schritten ist jetzt aus.
notice-totp-over = Die Einrichtung war zu lange offen oder ist schon fertig. Beginnen Sie noch einmal, wenn die App nicht in der Liste steht.
notice-trust-revoked = Dieser Browser wird wieder nach dem zweiten Schritt gefragt.
notice-trust-all-revoked = Jeder Browser wird wieder nach dem zweiten Schritt gefragt.

# Andere Wege
login-identifier-all = E-Mail-Adresse, Telefonnummer oder Benutzername
login-identifier-phone = E-Mail-Adresse oder Telefonnummer
login-phone = Telefonnummer
login-or = oder
login-others = Andere Wege zur Anmeldung
login-with-password = Mit Passwort
login-with-passkey = Mit Passkey
login-with-mail = Anmeldelink per E-Mail
login-with-sms = Code per SMS
login-mail-button = Anmeldelink senden
login-sms-button = Code senden
login-another-way = Anders anmelden
login-code = Code eingeben
login-code-mail = Falls es ein Konto gibt, haben wir eine E-Mail mit Link und Code gesendet, an die Adresse von
login-code-sms = Falls es ein Konto gibt, haben wir einen Code per SMS gesendet, an
login-code-link = Wenn Sie den Link auf einem anderen Gerät öffnen, geben Sie dort diese Zahl ein:
code-no-sms = Keine SMS? Warten Sie eine Minute, senden Sie sie noch einmal oder melden Sie sich anders an.
login-link = Anmelden
login-link-here = Mit dem Knopf melden Sie sich an als
login-link-elsewhere = Dieser Link wurde in einem anderen Browser angefordert. Geben Sie die Zahl ein, die dort steht, um sich hier anzumelden als
login-number = Zahl
login-number-hint = Drei Ziffern, auf der Seite, auf der Sie den Link angefordert haben.
login-link-again = In diesem Browser einen Link anfordern
phone = Telefonnummer
phone-hint = Mit Landesvorwahl, zum Beispiel +43 660 1234567.
signup-phone-hint = Mit Landesvorwahl, zum Beispiel +43 660 1234567. Wir senden einen Code zur Bestätigung.
signup-with-phone = Stattdessen eine Telefonnummer verwenden
signup-with-email = Stattdessen eine E-Mail-Adresse verwenden
signup-password-optional = Passwort (freiwillig)
signup-password-optional-hint = Ohne Passwort melden Sie sich mit Codes per SMS an.

# Der zweite Faktor
second = Noch ein Schritt
second-totp = Code aus einer Authenticator-App
second-sms = Code per SMS
second-mail = Code per E-Mail
second-key = Passkey oder Sicherheitsschlüssel
second-recovery = Wiederherstellungscode
second-password = Passwort
second-totp-text = Geben Sie den Code ein, den Ihre Authenticator-App zeigt.
second-sms-text = Wir senden einen Code per SMS an
second-mail-text = Wir senden einen Code an
second-key-text = Verwenden Sie Ihren Passkey oder berühren Sie Ihren Sicherheitsschlüssel.
second-recovery-text = Geben Sie einen Ihrer Wiederherstellungscodes ein.
second-password-text = Geben Sie auch Ihr Passwort ein.
second-old-password = Altes Passwort
second-old-password-text = Dieses Konto verlangt einen zweiten Schritt, und Ihr Postfach oder Telefon war der erste. Geben Sie das Passwort ein, das Sie bisher hatten, falls Sie es doch finden.
second-recovery-label = Wiederherstellungscode
second-recovery-hint = Jeder gilt einmal. Striche und Leerzeichen sind egal.
second-send = Code senden
second-others = Anderen Weg verwenden
second-lost = Nichts davon zur Hand? Dann kann Sie nur ein Administrator wieder hereinlassen.
second-trust = { $days ->
    [one] In diesem Browser einen Tag lang nicht mehr fragen
   *[other] In diesem Browser { $days } Tage lang nicht mehr fragen
}
problem-phone = Geben Sie eine Telefonnummer mit Landesvorwahl ein, zum Beispiel +43 660 1234567.
problem-phone-same = Das ist bereits Ihre Nummer.
problem-no-sms = An diese Nummer können wir gerade keine SMS senden. Bitte verwenden Sie einen anderen Weg.
problem-no-code = Auf diesem Weg können wir gerade keinen Code senden. Bitte verwenden Sie einen anderen.
problem-number = Das ist nicht die Zahl. Sehen Sie auf der Seite nach, auf der Sie den Link angefordert haben.
problem-number-spent = Zu viele falsche Zahlen. Geben Sie den Code aus der E-Mail dort ein, wo Sie ihn angefordert haben, oder fordern Sie einen neuen an.

# Telefonnummer
account-phone = Telefonnummer
phone-none = In Ihrem Konto ist noch keine Telefonnummer.
phone-current = Ihre Telefonnummer:
contact-unverified = (nicht bestätigt)
phone-pending = Neue Nummer bestätigen
phone-pending-text = Wir haben einen Code an { $address } gesendet. Ihre Nummer ändert sich, wenn Sie ihn eingeben.
phone-confirm = Nummer bestätigen
phone-cancel = Bisherige Nummer behalten
phone-change = Nummer ändern
phone-new = Neue Telefonnummer
phone-change-button = Code senden
phone-remove = Ihre Nummer entfernen
phone-remove-text = Codes und Hinweise gehen nicht mehr dorthin. Einige Tage lang können Sie das mit einem Link zurücknehmen, den wir jetzt schicken.
phone-remove-button = Nummer entfernen
notice-phone-sent = Wir haben einen Code per SMS an diese Nummer geschickt.
notice-phone-changed = Die neue Nummer gehört jetzt zu Ihrem Konto und ist bestätigt.
notice-phone-cancelled = Es wurde nichts geändert.
notice-phone-removed = Ihre Telefonnummer ist entfernt.
problem-phone-codes = An diese Nummer werden Codes gesandt, wenn Sie sich anmelden. Schalten Sie das zuerst aus, unter „Anmeldung in zwei Schritten“.
problem-phone-last = Ohne diese Nummer könnte sich bei diesem Konto niemand mehr anmelden. Fügen Sie zuerst eine E-Mail-Adresse, einen Passkey oder ein verbundenes Konto hinzu.
email-none = In Ihrem Konto ist noch keine E-Mail-Adresse.
password-first = Legen Sie ein Passwort fest, mit dem Sie sich anmelden können.

# E-Mails anderer Wege
mail-sign-in = Anmelden
mail-sign-in-opening = Jemand, vermutlich Sie, möchte sich bei { $site } anmelden. Geben Sie diesen Code ein:
mail-sign-in-button = Anmelden
mail-sign-in-closing = Sie waren das nicht? Dann ignorieren Sie diese E-Mail; niemand ist angemeldet. Geben Sie den Code niemandem weiter.
mail-second = Ihr Code
mail-second-opening = Jemand, vermutlich Sie, meldet sich bei { $site } an und hat den ersten Faktor vorgewiesen. Der zweite ist dieser Code:
mail-second-closing = Sie waren das nicht? Dann kennt jemand Ihr Passwort oder benutzt ein verbundenes Konto: Ändern Sie das Passwort, und trennen Sie, was Sie nicht kennen. Geben Sie den Code niemandem weiter.

# Passkeys
login-passkey = Mit einem Passkey anmelden
passkey-exists = Auf diesem Gerät gibt es schon einen Passkey für Ihr Konto.
passkey-failed = Ihr Browser konnte das nicht. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.
problem-passkey = Dieser Passkey hat nicht funktioniert. Versuchen Sie es noch einmal, oder melden Sie sich anders an.
problem-passkey-unknown = Kein Konto hier hat diesen Passkey noch. Melden Sie sich anders an; auf Ihrem Gerät können Sie ihn löschen.
problem-passkey-copied = Dieser Passkey wurde abgelehnt, weil er wie eine Kopie aussieht. Melden Sie sich anders an, entfernen Sie ihn aus Ihrem Konto und fügen Sie einen neuen hinzu.
problem-passkey-add = Der Passkey konnte nicht hinzugefügt werden. Bitte versuchen Sie es noch einmal.
problem-passkey-name = Wählen Sie einen Namen mit 1 bis 64 Zeichen.
problem-passkey-last = Das ist der einzige Weg in Ihr Konto und kann deshalb nicht entfernt werden. Fügen Sie zuerst einen weiteren Passkey hinzu, oder legen Sie ein Passwort fest.
problem-passkey-many = Ihr Konto hat so viele Passkeys und Sicherheitsschlüssel, wie es haben kann. Entfernen Sie zuerst einen.
notice-passkey-stale = Das hat zu lange gedauert oder wurde zweimal gesendet. Bitte versuchen Sie es noch einmal.
notice-two-sessions = Ihr Browser hat uns zwei Anmeldungen zugleich gezeigt, und eine davon ist vielleicht nicht Ihre. Zur Sicherheit gilt keine von beiden: Bitte melden Sie sich neu an.
notice-passkey-added = Der Passkey ist hinzugefügt. Sie können ihn ab jetzt benutzen.
notice-passkey-renamed = Der neue Name ist gespeichert.
notice-passkey-removed = Der Passkey ist entfernt und öffnet Ihr Konto nicht mehr. Sie können ihn auch auf Ihrem Gerät löschen.
account-passkeys = Passkeys
passkeys-text = Mit einem Passkey melden Sie sich mit Ihrem Finger, Ihrem Gesicht oder der PIN Ihres Geräts an, ohne Passwort. Er funktioniert nur auf dieser Website, eine falsche kann ihn also nicht stehlen.
passkeys-add = Passkey hinzufügen
passkeys-keys = Sicherheitsschlüssel
passkeys-keys-text = Ein kleines Gerät, das Sie einstecken oder an Ihr Telefon halten, als zweiter Schritt nach Ihrem Passwort. Mit dem ersten beginnt die Anmeldung in zwei Schritten.
passkeys-add-key = Sicherheitsschlüssel hinzufügen
passkeys-added = hinzugefügt
passkeys-used = zuletzt benutzt
passkeys-unused = noch nicht benutzt
passkeys-rename = Umbenennen
passkeys-rename-named = { $name } umbenennen
passkeys-name = Name
passkeys-save = Speichern
passkeys-remove = Entfernen
passkeys-remove-named = { $name } entfernen
passkeys-script = Um einen Passkey oder Sicherheitsschlüssel hinzuzufügen, braucht Ihr Browser JavaScript; es ist ausgeschaltet.
passkeys-unsupported = Dieser Browser kann keine Passkeys anlegen. Versuchen Sie es mit einem neueren oder auf einem anderen Gerät.
passkeys-elsewhere = An der Adresse dieser Website nehmen Browser keine Passkeys an.
offer-title = Leichter anmelden
offer-text = Melden Sie sich beim nächsten Mal mit Ihrem Finger, Ihrem Gesicht oder der PIN Ihres Geräts an statt mit Ihrem Passwort. Ihr Gerät bewahrt dafür einen Passkey auf, den niemand sonst erfährt.
offer-later = Jetzt nicht
offer-never = Nie
problem-key = Das hat nicht funktioniert. Versuchen Sie es noch einmal, oder wählen Sie einen anderen Weg.
second-key-script = Das braucht JavaScript, und das ist in diesem Browser ausgeschaltet. Wählen Sie einen anderen Weg.
second-key-unsupported = Dieser Browser kann Passkeys und Sicherheitsschlüssel nicht verwenden. Wählen Sie einen anderen Weg.

# Andere Anbieter
connect-with = Weiter mit { $provider }
connect-last = Zuletzt benutzt
connect-more = Weitere Wege zur Anmeldung
connect-go = Auf dem Weg zu { $provider }
connect-go-text = Wenn nichts geschieht, nehmen Sie die Schaltfläche. Danach kommen Sie hierher zurück.
connect-address = Ihre E-Mail-Adresse
connect-address-text = { $provider } hat uns gesagt, wer Sie sind. Eines fehlt noch: eine E-Mail-Adresse, die Sie bestätigt haben.
connect-address-button = Code senden
connect-join = Es gibt schon ein Konto
connect-join-text = { $email }, die Adresse Ihres { $provider }-Kontos, gehört hier schon zu einem Konto. Melden Sie sich dort wie bisher an, dann können Sie die beiden verbinden.
connect-join-button = Bei diesem Konto anmelden
connect-sign-in = Melden Sie sich wie bisher an, um { $provider } zu verbinden.
connect-afresh-text = Ist jenes Konto nicht Ihres? Dort wurde { $email } nie bestätigt. Sie können es liegen lassen und ein eigenes anlegen.
connect-afresh-button = Neues Konto anlegen
connect-confirm = { $provider } verbinden?
connect-confirm-text = Danach können Sie sich auch mit { $provider } bei Ihrem Konto anmelden.
connect-confirm-here = Ihr Konto
connect-confirm-button = Verbinden
connect-confirm-no = Jetzt nicht
account-identities = Anmeldedienste
identities-text = Ihre Konten bei anderen Diensten, mit denen Sie sich hier anmelden können. Trennen Sie, was Sie nicht kennen.
identities-none = Noch ist kein Konto verbunden.
identities-since = Verbunden am
identities-unused = Noch nicht benutzt
identities-disconnect = Trennen
identities-disconnect-named = { $provider } { $name } trennen
identities-more = Ein Konto verbinden
identities-connect = { $provider } verbinden
identities-connect-more = Weitere Dienste
signup-others = Andere Wege zu einem Konto
signup-more = Weitere Wege zu einem Konto
notice-identity-connected = Ihr { $provider }-Konto ist verbunden. Sie können sich jetzt damit anmelden.
notice-identity-already = Dieses { $provider }-Konto war schon verbunden.
notice-identity-disconnected = Ihr { $provider }-Konto ist getrennt. Andere Geräte, die sich damit angemeldet hatten, sind abgemeldet.
notice-identity-choose = Danke. Wählen Sie jetzt das Konto, das Sie verbinden möchten.
problem-identity-last = Das ist Ihr letzter Weg, sich anzumelden. Legen Sie zuerst ein Passwort oder einen Passkey fest, oder bestätigen Sie eine E-Mail-Adresse.
problem-identity-anothers = Dieses { $provider }-Konto ist hier mit einem anderen Konto verbunden. Melden Sie sich damit an und trennen Sie es zuerst dort.
problem-connect-cancelled = Es wurde nichts verbunden. Sie haben bei { $provider } abgebrochen.
problem-connect-unavailable = Es wurde nichts verbunden. { $provider } antwortet gerade nicht. Versuchen Sie es in einer Minute noch einmal.
problem-connect-unusable = Es wurde nichts verbunden. Die Antwort von { $provider } war nicht zu gebrauchen. Versuchen Sie es noch einmal. Wenn es so bleibt, sagen Sie es denen, die diese Seite betreiben.
problem-provider-cancelled = Sie haben bei { $provider } abgebrochen, es hat sich also nichts geändert. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg.
problem-provider-unavailable = { $provider } antwortet gerade nicht. Versuchen Sie es in einer Minute noch einmal oder wählen Sie einen anderen Weg.
problem-provider-unusable = Die Antwort von { $provider } war nicht zu gebrauchen. Versuchen Sie es noch einmal oder wählen Sie einen anderen Weg. Wenn es so bleibt, sagen Sie es denen, die diese Seite betreiben.
problem-provider-closed = Kein Konto hier ist mit diesem Konto bei { $provider } verbunden. Wenn Sie ein Konto haben, melden Sie sich auf anderem Weg an und verbinden Sie { $provider } dort. Neue Konten werden hier nicht angelegt.
problem-provider-invited = Kein Konto hier ist mit diesem Konto bei { $provider } verbunden. Wenn Sie ein Konto haben, melden Sie sich auf anderem Weg an und verbinden Sie { $provider } dort. Neue Konten gibt es auf Einladung: Fragen Sie die Betreiber dieser Seite.
problem-provider-not-connected = Mit diesem { $provider }-Konto ist hier kein Konto verbunden. Melden Sie sich anders an und verbinden Sie es dann in Ihrem Konto.
problem-provider-elsewhere = Melden Sie sich hier wie bisher an. Um { $provider } zu verbinden, öffnen Sie den Link aus der E-Mail in dem Browser, in dem Sie mit { $provider } gekommen sind.
problem-provider-has-account = Hier gibt es schon ein Konto mit der Adresse dieses { $provider }-Kontos. Melden Sie sich dort wie bisher an.
link-code-only = Geben Sie den Code dort ein, wo Sie begonnen haben
link-code-only-text = Der Code in dieser Mail gehört in den Browser, in dem Sie begonnen haben, und der Link auch. Diese Seite können Sie schließen.
logged-out-elsewhere = Auch bei { $provider } abmelden
problem-provider-another = Dieses { $provider }-Konto ist nicht mit dem Konto verbunden, bei dem Sie angemeldet sind. Zeigen Sie auf andere Weise, dass Sie es sind.
problem-provider-not-asked = { $provider } hat Sie nicht noch einmal gefragt, wer Sie sind: wählen Sie einen anderen Weg oder melden Sie sich dort ab und versuchen Sie es noch einmal.
problem-signup-invited = Konten gibt es auf Einladung: fragen Sie die, die diese Seite betreiben.
recovery-used = Angemeldet mit einem Wiederherstellungscode
recovery-used-text = Dieser Code gilt nun nicht mehr.
recovery-used-lost = Ist Ihr Telefon verloren? Entfernen Sie es unter „Sicherheit“ und fügen Sie dort das neue hinzu.
recovery-used-security = Zu „Sicherheit“
notice-phone-verified = Ihre Nummer ist bestätigt.
notice-signed-out-all = Sie sind überall abgemeldet.
notice-session-ended-here = Sie sind abgemeldet.
notice-code-sent-only = Ein neuer Code ist unterwegs.
code-expired-for-good = Dieser Code gilt nicht mehr, und hier kann kein weiterer geschickt werden. Beginnen Sie neu.
resend-look = Noch einmal nachsehen
link-already = Bereits bestätigt
link-already-text = { $address } ist schon bestätigt. Mit diesem Link ist nichts mehr zu tun.
notice-confirmed = Das ist schon bestätigt. Melden Sie sich an, um fortzufahren.
notice-has-account = Inzwischen gibt es mit dieser Adresse oder Nummer ein Konto. Melden Sie sich dort an.
email-add = Adresse hinzufügen
email-add-button = Code schicken
email-add-hint = Wir schicken einen Code dorthin, um sie zu bestätigen.
email-add-pending-text = Wir haben einen Code an { $address } geschickt. Sobald Sie ihn eingeben, gehört die Adresse zu Ihrem Konto.
email-add-cancel = Vorerst ohne Adresse bleiben
email-add-new = E-Mail-Adresse
phone-add = Nummer hinzufügen
phone-add-pending = Ihre Nummer bestätigen
phone-add-pending-text = Wir haben einen Code an { $address } geschickt. Sobald Sie ihn eingeben, gehört die Nummer zu Ihrem Konto.
phone-add-cancel = Vorerst ohne Nummer bleiben
phone-add-new = Telefonnummer
notice-profile-signed-out = Sie sind nicht mehr angemeldet, deshalb ist noch nichts gespeichert. Ihre Eingaben stehen noch hier: Melden Sie sich in einem anderen Tab an und speichern Sie dann noch einmal.
profile-sign-in = In einem neuen Tab anmelden
factor-last-text = „{ $name }“ ist Ihr einziger zweiter Schritt. Ohne ihn kann sich jeder als Sie anmelden, der Ihr Passwort erfährt.
factor-last-button = Ausschalten
factor-last-keep = Eingeschaltet lassen
