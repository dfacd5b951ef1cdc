package main

// about is what a command's help says beyond its flags.
type about struct {
	// group is the title under which lintel help lists it.
	group string
	// text is a paragraph: what it is for, and what is worth knowing.
	text     string
	examples []example
}

// example is one line that works as it is.
type example struct{ command, comment string }

// The groups of lintel help, in the order in which an author meets them.
const (
	groupBegin = "Begin:"
	groupWrite = "Write and look:"
	groupProve = "Prove:"
	groupShip  = "Ship:"
	groupMore  = "More:"
)

// group is commands under one title.
type group struct {
	title string
	verbs []verb
}

// groups sorts the verbs into groups; a verb of which nothing is said is in the last.
func groups(all []verb) []group {
	out := []group{{title: groupBegin}, {title: groupWrite}, {title: groupProve}, {title: groupShip}, {title: groupMore}}
	for _, v := range all {
		in := aboutVerb(v.name).group
		if in == "" {
			in = groupMore
		}
		for i := range out {
			if out[i].title == in {
				out[i].verbs = append(out[i].verbs, v)
			}
		}
	}
	return out
}

// aboutVerb is what is said of a verb; nothing for one that is not listed.
func aboutVerb(name string) about {
	switch name {
	case "init":
		return about{
			groupBegin, "It has a domain, a route with its cases, templates, editor settings and pipelines. Files that are there already are never overwritten.",
			[]example{
				{"lintel init", "here; asks on a terminal"},
				{"lintel init gateway --domain shop.example", "into the folder gateway"},
				{"lintel init edge --argocd --repo https://git.shop.example/routes.git", "with what Argo CD needs"},
			},
		}
	case "add":
		return about{
			groupBegin, "A route comes with cases that pass, and is written into the file of its upstream. What flags do not say is asked on a terminal, or has a default.",
			[]example{
				{"lintel add upstream --name stock --endpoint stock.svc:8080", "where requests go"},
				{"lintel add route --name item --path '/items/{id}' --upstream stock", "an operation of an API"},
				{"lintel add route --name old --kind redirect --path /old --to /new", "another kind"},
				{"lintel add domain pay.example --owner team-pay", "a folder of its own"},
			},
		}
	case "schema":
		return about{
			groupBegin, "The binary's own schema is what counts; sync writes a copy of it for editors and cue vet, and check warns when the copy is another. json prints a JSON Schema for those who write data in JSON or YAML and turn it into CUE.",
			[]example{
				{"lintel schema sync", "after an update of lintel"},
				{"lintel schema sync --check", "in a pipeline: exit 100 when the copy is old"},
				{"lintel schema json > domain.schema.json", "what a data file of a domain may hold"},
				{"lintel schema json --definition Route", "one definition and what it needs"},
			},
		}
	case "fmt":
		return about{
			groupWrite, "Route files have one form, so that changes show what changed. A file that is not CUE is left alone and told.",
			[]example{{"lintel fmt", "format every route file"}, {"lintel fmt --check", "in a pipeline"}},
		}
	case "check":
		return about{
			groupWrite, "Reads every file, proves that every route can be reached and that no two tie, and prints each mistake at its line with a hint. It makes no bundle and needs no network.",
			[]example{
				{"lintel check", "the folder routes"},
				{"lintel check --explain route-shadowed", "what a code means, by an example"},
				{"lintel check --watch", "again on every save"},
				{"lintel check --since main", "what a branch touched; all of it is checked"},
				{"lintel check --format sarif --strict", "in a pipeline, warnings too"},
			},
		}
	case "explain":
		return about{
			groupWrite, "Prints the route that takes a request, each step of the order that decided, its filters with file and line, and the request that the upstream would receive. Nothing is sent.",
			[]example{
				{"lintel explain GET http://api.shop.example/orders/7", "what happens to a request"},
				{"lintel explain POST http://api.shop.example/orders -H 'x-stage: next'", "with a header"},
				{"lintel explain --all GET http://api.shop.example/orders/7", "every route that was asked"},
			},
		}
	case "diff":
		return about{
			groupWrite, "Compares what runs, not text: formatting, order, defaults, moved files and refactored templates show nothing. Sides may be of different kinds.",
			[]example{
				{"lintel diff", "what the working tree changes of HEAD"},
				{"lintel diff main..HEAD --format markdown", "for a review"},
				{"lintel diff --env staging..prod", "what differs between two environments"},
				{"lintel diff http://127.0.0.1:8081 routes", "what a running gateway would get"},
				{"lintel diff --cluster --namespace gateways", "what a cluster would get"},
			},
		}
	case "owners":
		return about{
			groupWrite, "Owners stand in domains (owner) and in the settings, for what domains share. CODEOWNERS, with which GitHub and GitLab ask for reviews, is written from them; lines that others wrote there stay.",
			[]example{
				{"lintel owners", "who owns what"},
				{"lintel owners --write CODEOWNERS", "after a new domain"},
				{"lintel owners --check CODEOWNERS", "in a pipeline"},
				{"lintel owners --format codeowners --org acme", "as GitHub names teams of an organisation"},
			},
		}
	case "dev":
		return about{
			groupWrite, "Starts a gateway on this machine with an echo in the place of every upstream that cannot be reached, and swaps whenever a file is saved. A mistake is printed, and what ran before runs on.",
			[]example{{"lintel dev", "on 127.0.0.1:8080"}, {"lintel dev --listen 127.0.0.1:9000", "on another port"}},
		}
	case "echo":
		return about{
			groupWrite, "Answers with what it received, as JSON; lintel dev and lintel test start their own.",
			[]example{
				{"lintel echo --listen 127.0.0.1:8090 --name orders", "stand in for an upstream"},
				{"lintel echo --listen 127.0.0.1:8443 --tls --tls-ca ca.pem", "for one that speaks TLS"},
			},
		}
	case "test":
		return about{
			groupProve, "Starts a gateway on the very bundle that would ship and echoes in the place of upstreams, plays the cases beside the routes, and prints what differs, why, and how to try it. Exit 100 when a case fails, when a new route has no case, or when coverage is too low.",
			[]example{
				{"lintel test", "every case"},
				{"lintel test --domain shop.example --run order", "some of them"},
				{"lintel test --base main --junit report.xml", "in a pipeline"},
				{"lintel test out --cases cases.json", "a bundle, as it is"},
			},
		}
	case "coverage":
		return about{
			groupProve, "Reads what lintel test --coverage-json wrote, and prints it as a table.",
			[]example{{"lintel coverage --min-coverage 80 coverage.json", "exit 100 below 80 percent"}},
		}
	case "import":
		return about{
			groupProve, "Reads a HAR file or an access log, takes out what identifies people and what opens doors, and prints cases for the routes that take the requests.",
			[]example{
				{"lintel import har browser.har", "print the cases"},
				{"lintel import accesslog access.log routes -o routes", "add them beside the routes"},
			},
		}
	case "compile":
		return about{
			groupShip, "The same files give the same bytes on any machine. Nothing is written when there is an error.",
			[]example{
				{"lintel compile -o out", "the bundle in the folder out"},
				{"lintel compile -o out --sign-key key.pem --revision 4f1c9e2", "signed, with the commit"},
			},
		}
	case "render":
		return about{
			groupShip, "Prints YAML for kubectl apply --server-side, or for a repository that Argo CD watches. A bundle that is too large for one ConfigMap is spread over several. With --argocd it is a Config Management Plugin of Argo CD, one for all environments and groups: charts/argocd/plugin has it.",
			[]example{
				{"lintel render --name edge --namespace gateways", "compile routes and print"},
				{"lintel render out", "a bundle that is compiled"},
				{"lintel render --candidate", "and what a hook of Argo CD tests first"},
				{"lintel render --argocd --candidate", "as a plugin of Argo CD: what differs comes from the Application"},
			},
		}
	case "inspect":
		return about{
			groupShip, "Prints digests, revision, sizes and routes, each with its file and line. A file that is not what the manifest says is an error.",
			[]example{{"lintel inspect out", "as a table"}, {"lintel inspect out --verify-key key.pub", "and who signed it"}},
		}
	case "sync":
		return about{
			groupShip, "Runs lintel-sync, the one program of Lintel that knows Kubernetes, with all that follows. It is looked for at LINTEL_SYNC, beside lintel and in PATH.",
			[]example{
				{"lintel sync apply routes --namespace gateways", "bring a bundle to a cluster, once"},
				{"lintel sync run --source https://git.example/routes.git --branch main", "be the agent that follows a branch"},
				{"lintel sync help run", "what it can do"},
			},
		}
	case "status":
		return about{
			groupShip, "Asks every gateway of a cluster what it serves since when, what it refused last and why, and how many connections are still on old bundles. Exit 0 when all serve the wanted bundle, 100 when not. It is lintel-sync status.",
			[]example{
				{"lintel status --namespace gateways", "as a table"},
				{"lintel status --namespace gateways --watch --timeout 2m", "in a pipeline: wait until all serve it"},
			},
		}
	case "rollback":
		return about{
			groupShip, "The last ten bundles that all gateways served are kept in the cluster. What is brought back is held until the source has something else. It is lintel-sync rollback.",
			[]example{
				{"lintel rollback --list --namespace gateways", "what can be brought back"},
				{"lintel rollback 4f1c9e2 --namespace gateways", "by its revision, or by its digest"},
				{"lintel rollback --release --namespace gateways", "the source decides again"},
			},
		}
	case "version":
		return about{
			groupMore, "Prints the release, the format of bundles it writes and the version of Go that built it.",
			[]example{{"lintel version", "also lintel --version"}},
		}
	}
	return about{}
}
