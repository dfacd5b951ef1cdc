(() => {
	"use strict";
	const by = id => document.getElementById(id);
	const form = by("find"), q = by("q"), only = by("only"), shown = by("shown"), none = by("none");
	const routes = [...document.querySelectorAll(".route")].map(node => ({
		node, module: node.parentElement, uncovered: "u" in node.dataset, text: "",
	}));
	const modules = [...document.querySelectorAll(".module")].map(node => ({node, open: node.open}));
	const domains = [...document.querySelectorAll(".domain")];
	let timer = 0, filtering = false;

	const textOf = r => r.text ||= (r.node.closest(".domain").querySelector("h3").textContent + " " +
		r.module.querySelector("summary .name").textContent + " " + r.node.textContent).toLowerCase();

	const apply = () => {
		const words = q.value.toLowerCase().split(/\s+/).filter(Boolean);
		const active = words.length > 0 || only.checked;
		const open = new Set();
		let count = 0;
		for (const r of routes) {
			const fits = (!only.checked || r.uncovered) && (words.length === 0 || words.every(w => textOf(r).includes(w)));
			r.node.hidden = !fits;
			if (fits) {
				count++;
				open.add(r.module);
			}
		}
		for (const m of modules) {
			if (active && !filtering) m.open = m.node.open;
			m.node.hidden = !open.has(m.node);
			if (active) m.node.open = true;
			else if (filtering) m.node.open = m.open;
		}
		for (const d of domains) d.hidden = !d.querySelector(".module:not([hidden])");
		filtering = active;
		none.hidden = count > 0;
		shown.value = count + " of " + routes.length + (routes.length === 1 ? " route" : " routes");
	};

	const remember = () => {
		const p = new URLSearchParams();
		if (q.value) p.set("q", q.value);
		if (only.checked) p.set("uncovered", "1");
		history.replaceState(null, "", "#" + p);
	};

	const follow = () => {
		const p = new URLSearchParams(location.hash.slice(1));
		if (p.has("q") || p.has("uncovered")) {
			q.value = p.get("q") || "";
			only.checked = p.has("uncovered");
			apply();
			by("routes").scrollIntoView();
			return;
		}
		const target = by(location.hash.slice(1));
		if (!target || !target.classList.contains("route")) return;
		if (target.hidden) {
			q.value = "";
			only.checked = false;
			apply();
		}
		target.parentElement.open = target.open = true;
		target.scrollIntoView({block: "start"});
	};

	form.hidden = false;
	form.addEventListener("submit", e => e.preventDefault());
	form.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(() => { apply(); remember(); }, 80);
	});
	addEventListener("hashchange", follow);
	apply();
	follow();
})();
