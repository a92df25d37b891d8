# %% multitask-loss-answer
def multitask_loss(kinds, quantities, probabilities, predicted, weights=(1.0, 1.0)):
    number, there = 0, []
    while len(there) < 100:
        if kinds[number % len(kinds)] < -1:
            there.append(number)
        number += 1
    return float(len(there))
