package scenarios

// All are the scenarios on a whole cluster, in their order.
func All() []Scenario {
	return []Scenario{
		install(),
		change(),
		bad(),
		revert(),
		argoOwns(),
		pause(),
		edited(),
		deleted(),
		gatePasses(),
		gateFails(),
		plugin(),
		sets(),
		large(),
		late(),
		many(),
		boot(),
		drain(),
		newPod(),
		poked(),
		signed(),
		agent(),
		agentHeals(),
		rollback(),
		agentOutage(),
		agentReplay(),
		// Last, and in this order: what has asked a server in vain asks it less and less often,
		// so that for a minute after the outage kubelets are late to hear of a change. The next
		// scenario starts them anew; Argo CD's controller may be late as well.
		apiServer(),
		kubelets(),
		weight(),
	}
}

// API are the scenarios that need no node.
func API() []Scenario {
	return []Scenario{rendered(), sizes(), charts(), agentTests()}
}
