"""The package's own TensorFlow 1 graph and checkpoint; none of its Python code runs."""

from pathlib import Path

import numpy as np

from udfs.sound_patches import Array

LOGITS, EMBEDDING = "model/dense_1/BiasAdd", "model/batch_normalization_10/batchnorm/add_1"
SPECTRA, IS_TRAINING = "model/Placeholder:0", "model/Placeholder_2:0"


def read_checkpoint(folder: Path) -> dict[str, Array]:
    """The variables of a network's folder, without those of its optimizer.

    Its files have no name but an extension, and its file `checkpoint` has a path of its author's
    machine: so the folder is the prefix, and tf.train.load_checkpoint cannot be used.
    """
    import tensorflow as tf

    reader = tf.compat.v1.train.NewCheckpointReader(f"{folder}/")
    names = [name for name in reader.get_variable_to_shape_map() if _is_weight(name)]
    return {name: reader.get_tensor(name) for name in names}


def run(folder: Path, spectra: Array) -> tuple[Array, Array]:
    """Embeddings (n, 200) and tags (n, 50) of log-mel spectra (n, 187, 96)."""
    import tensorflow as tf
    from tensorflow.core.protobuf import meta_graph_pb2

    meta = meta_graph_pb2.MetaGraphDef()
    meta.ParseFromString((folder / ".meta").read_bytes())
    for node in meta.graph_def.node:
        node.device = ""  # its author's GPU
        node.attr.pop("_output_shapes", None)  # TensorFlow 2 infers others
    outputs = [EMBEDDING, LOGITS]
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        # Without the gradients, which cannot be imported any more.
        part = tf.compat.v1.graph_util.extract_sub_graph(meta.graph_def, outputs)
        tf.import_graph_def(part, name="")
        reader = tf.compat.v1.train.NewCheckpointReader(f"{folder}/")
        for op in graph.get_operations():
            if op.type == "VariableV2":
                value = reader.get_tensor(op.name)
                session.run(tf.raw_ops.Assign(ref=op.outputs[0], value=value))
        feed = {SPECTRA: spectra, IS_TRAINING: False}
        embedding, logits = session.run([f"{name}:0" for name in outputs], feed)
    return embedding, 1 / (1 + np.exp(-logits))


def _is_weight(name: str) -> bool:
    return "Adam" not in name and not name.startswith("beta") and "/" in name
