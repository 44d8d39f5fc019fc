"use strict";
// Networks that are shown round by round. The page shows the last round; a slider and a button appear beside it.
(() => {
  const percent = (thousandths) => `${(thousandths / 10).toFixed(1)}%`;

  for (const controls of document.querySelectorAll(".stepper")) {
    const place = controls.parentElement;
    const { spots, names, around, scale, edges, moments } = JSON.parse(place.querySelector("script").textContent);
    const peers = [...place.querySelectorAll(".net .peer[data-n]")];
    const [heard, lost] = place.querySelectorAll(".net .links");
    const now = place.querySelector(".now");
    const button = controls.querySelector("button");
    const slider = controls.querySelector("input");

    const level = (accuracy) => {
      if (accuracy === null) return "x";
      const share = ((accuracy - scale.low) * scale.levels) / (scale.high - scale.low);
      return Math.max(0, Math.min(scale.levels - 1, Math.floor(share)));
    };

    const about = (n, accuracy, battery, silent) => {
      const parts = [];
      if (accuracy !== null) parts.push(`accuracy ${percent(accuracy)}`);
      if (battery !== null) parts.push(`battery ${percent(battery)}`);
      if (silent) parts.push("silent");
      return parts.length ? `${names[n]}: ${parts.join(", ")}` : names[n];
    };

    const show = (which) => {
      const moment = moments[which];
      const quiet = new Set(moment.silent);
      const lines = ["", ""];
      const pairs = edges[moment.edges];
      for (let n = 0; n < pairs.length; n += 2) {
        const [a, b] = [pairs[n], pairs[n + 1]];
        lines[quiet.has(a) || quiet.has(b) ? 1 : 0] += `M${spots[a].join(" ")}L${spots[b].join(" ")}`;
      }
      heard.setAttribute("d", lines[0]);
      lost.setAttribute("d", lines[1]);
      peers.forEach((peer, n) => {
        const [accuracy, battery, silent] = [moment.accuracy[n], moment.battery[n], quiet.has(n)];
        peer.setAttribute("class", `peer l${level(accuracy)}${silent ? " silent" : ""}`);
        peer.querySelector("title").textContent = about(n, accuracy, battery, silent);
        const left = peer.querySelector(".left");
        if (!left) return;
        left.setAttribute("stroke-dasharray", `${(((battery ?? 0) * around) / 1000).toFixed(1)} ${around}`);
        left.classList.toggle("low", battery !== null && battery < scale.empty);
      });
      now.textContent = moment.told;
      slider.value = which;
      slider.setAttribute("aria-valuetext", moment.told);
    };

    let timer = null;
    const pause = () => {
      clearInterval(timer);
      timer = null;
      button.textContent = "Play";
    };
    const step = () => {
      show(Number(slider.value) + 1);
      if (Number(slider.value) === moments.length - 1) pause();
    };
    button.addEventListener("click", () => {
      if (timer !== null) return pause();
      if (Number(slider.value) === moments.length - 1) show(0);
      button.textContent = "Pause";
      timer = setInterval(step, Math.max(150, Math.min(800, 24000 / moments.length)));
    });
    slider.addEventListener("input", () => {
      pause();
      show(Number(slider.value));
    });
    slider.value = moments.length - 1;
    controls.hidden = false;
  }
})();
