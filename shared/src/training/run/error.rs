//! Why a run cannot begin or go on.

use burn::tensor::ExecutionError;

use crate::model_file::ModelFileError;
use crate::network::UnknownPlace;
use crate::picture::PictureError;

/// Why a run cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A model file that cannot be used.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// A picture that cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A place that the comparator lacks.
    #[error(transparent)]
    Place(#[from] UnknownPlace),
    /// Options that do not fit together.
    #[error("{0}")]
    Options(String),
    /// A saved run that is damaged, or of another version.
    #[error("the saved run is damaged ({0}): begin anew")]
    Saved(String),
    /// The device failed; the weights of the last step are lost with it.
    #[error("the device failed: {0}")]
    Device(String),
}

impl From<ExecutionError> for RunError {
    fn from(error: ExecutionError) -> Self {
        Self::Device(format!("{error:?}"))
    }
}
