package table

import (
	"slices"

	"github.com/lintel-gateway/lintel/schemas/route"
)

// methods is a set of request methods as bits; those without a bit of their own
// share other and are compared by name.
type methods uint16

const (
	mGET methods = 1 << iota
	mHEAD
	mPOST
	mPUT
	mPATCH
	mDELETE
	mOPTIONS
	mTRACE
	mCONNECT
	mOther
	mAny methods = 1<<iota - 1
	// mImplied marks a set that takes HEAD only because it takes GET.
	mImplied methods = 1 << iota
	// mPlain marks, in a slot, a candidate without conditions.
	mPlain methods = 1 << 15
)

func methodBit(m string) methods {
	switch m {
	case "GET":
		return mGET
	case "HEAD":
		return mHEAD
	case "POST":
		return mPOST
	case "PUT":
		return mPUT
	case "PATCH":
		return mPATCH
	case "DELETE":
		return mDELETE
	case "OPTIONS":
		return mOPTIONS
	case "TRACE":
		return mTRACE
	case "CONNECT":
		return mCONNECT
	}
	return mOther
}

func methodSet(list []string) methods {
	if len(list) == 0 {
		return mAny
	}
	var s methods
	for _, m := range list {
		s |= methodBit(m)
	}
	if s&mGET != 0 && s&mHEAD == 0 {
		s |= mHEAD | mImplied
	}
	return s
}

// takesMethod tells whether the match takes the method; GET implies HEAD.
func takesMethod(m *route.Match, set, bit methods, method string) bool {
	if set&bit == 0 {
		return false
	}
	return bit != mOther || len(m.Methods) == 0 || slices.Contains(m.Methods, method)
}

// MethodClass is the place of a method in the order: a method that the match names
// comes before a HEAD that GET implies, and that before a match that names none.
func MethodClass(m *route.Match, method string) int {
	switch {
	case len(m.Methods) == 0:
		return 2
	case method == "HEAD" && !slices.Contains(m.Methods, "HEAD"):
		return 1
	}
	return 0
}

// AllowedMethods is the sorted list for an Allow header: the methods of m, with
// HEAD where there is GET.
func AllowedMethods(list []string) []string {
	out := slices.Clone(list)
	if slices.Contains(out, "GET") && !slices.Contains(out, "HEAD") {
		out = append(out, "HEAD")
	}
	slices.Sort(out)
	return out
}
