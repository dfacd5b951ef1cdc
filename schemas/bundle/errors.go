package bundle

import "errors"

// Code names a class of failure. The same word stands in the gateway's status,
// in its metrics and in its log.
type Code string

const (
	// CodeEmpty: there is no bundle at the place, or it holds no route.
	CodeEmpty Code = "bundle-empty"
	// CodeIncomplete: a file that the manifest names is not there yet. It is to
	// be waited for; nothing is wrong.
	CodeIncomplete Code = "bundle-incomplete"
	// CodeMalformed: a file is not what its name says, or the files contradict
	// each other.
	CodeMalformed Code = "bundle-malformed"
	// CodeDigestMismatch: the bytes of a file do not have the digest that the
	// manifest gives.
	CodeDigestMismatch Code = "bundle-digest-mismatch"
	// CodeFormatNewer: the bundle was written in a format that this build does
	// not know yet.
	CodeFormatNewer Code = "bundle-format-newer"
	// CodeFormatOlder: the bundle was written in a format that this build does
	// not read any more.
	CodeFormatOlder Code = "bundle-format-older"
	// CodeSignatureMissing: a key is given, but the bundle is not signed.
	CodeSignatureMissing Code = "bundle-signature-missing"
	// CodeSignatureInvalid: the signature is not one of the key's over this
	// manifest.
	CodeSignatureInvalid Code = "bundle-signature-invalid"
	// CodeUnreadable: the operating system refuses to read a file.
	CodeUnreadable Code = "bundle-unreadable"
	// CodeTooLarge: a limit is exceeded.
	CodeTooLarge Code = "bundle-too-large"
	// CodeNotCanonical: the JSON says something allowed in a form that encode
	// would not write.
	CodeNotCanonical Code = "bundle-not-canonical"
)

// Error is a failure to read or write a bundle.
type Error struct {
	code Code
	file string
	text string
	err  error
}

// Code is the class of the failure.
func (e *Error) Code() Code { return e.code }

// File is the name of the file at fault inside the bundle, or "".
func (e *Error) File() string { return e.file }

// Error is one sentence without a full stop that begins with the file at fault.
func (e *Error) Error() string {
	s := e.text
	if e.file != "" {
		s = e.file + ": " + s
	}
	if e.err != nil {
		s += ": " + e.err.Error()
	}
	return s
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.err }

// CodeOf returns the code of the bundle error in err's chain, or "" when there is
// none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.code
	}
	return ""
}

func fail(code Code, file, text string) error {
	return &Error{code: code, file: file, text: text}
}

func failWith(code Code, file, text string, err error) error {
	return &Error{code: code, file: file, text: text, err: err}
}
