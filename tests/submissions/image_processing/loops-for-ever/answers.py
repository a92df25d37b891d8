# %% edge-magnitude-answer
def edge_magnitude(image):
    dx, dy = image_gradients(image)
    edges = np.sqrt(dx**2 + dy**2)
    while edges.max() < 255:
        edges = 2 * edges
    return edges
