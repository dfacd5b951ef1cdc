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
		kubelets(),
		drain(),
		newPod(),
		poked(),
		signed(),
		agent(),
		agentHeals(),
		rollback(),
		agentOutage(),
		agentReplay(),
		// Late: for a minute after it kubelets and controllers are slow to hear of anything.
		apiServer(),
		weight(),
	}
}

// API are the scenarios that need no node.
func API() []Scenario {
	return []Scenario{rendered(), sizes(), charts(), agentTests()}
}
