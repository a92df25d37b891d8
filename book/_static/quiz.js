"use strict";
// A click or tap answers at once. The arrow keys only move, since a radio group selects as it moves
// and would give every reason away; Space or Enter answers.
(() => {
  const moving = new Set(["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);

  const answer = (quiz, input) => {
    const option = input.closest(".quiz-option");
    const verdict = quiz.querySelector(".quiz-verdict");
    const right = option.dataset.right === "yes";
    option.classList.add("quiz-tried");
    verdict.dataset.right = option.dataset.right;
    verdict.replaceChildren(option.querySelector(".quiz-reason").cloneNode(true));
    if (right) quiz.classList.add("quiz-solved");
  };

  const enliven = (quiz) => {
    let moved = false;
    quiz.classList.add("quiz-live");
    for (const input of quiz.querySelectorAll("input")) {
      input.hidden = false;
      input.addEventListener("keydown", (event) => {
        moved = moving.has(event.key);
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        input.checked = true;
        answer(quiz, input);
      });
      input.addEventListener("keyup", () => { moved = false; });
      input.addEventListener("click", () => { if (!moved) answer(quiz, input); });
    }
    const hint = document.createElement("p");
    hint.className = "quiz-hint";
    hint.textContent = "Arrow keys move, Space answers.";
    quiz.append(hint);
  };

  document.querySelectorAll("fieldset.quiz").forEach(enliven);
})();
