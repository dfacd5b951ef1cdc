// Package docs writes the references of what the compiler knows: the route language,
// the filters and the codes of diagnostics. They are made of what the code itself
// says, so that they cannot say anything else.
package docs

import (
	"fmt"

	"github.com/lintel-gateway/lintel/compiler/lang"
	"github.com/lintel-gateway/lintel/schemas"
)

// Base is the domain to which examples belong, unless they bring one of their own.
const Base = `package routes

domain: {hosts: ["shop.example", "*.shop.example"], owner: "team-shop"}
upstreams: orders: endpoints: ["orders.shop.svc:8080"]
secrets: token: file: "shop/token"
`

// Language reads the schema that this build knows.
func Language() (*lang.Language, error) {
	l, err := lang.Read(schemas.Files())
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return l, nil
}
