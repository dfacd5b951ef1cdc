// Package filtercases holds the tests that need both halves of Lintel: what the
// documentation of the filters and the example say is compiled with the real compiler
// and served by the real gateway. It stands here because the runtime stays free of
// CUE.
package filtercases
