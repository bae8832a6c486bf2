//! Variational codes against closed forms: the draw's moments and gradients, the divergence and its gradients.

use burn::tensor::{Device, Tensor, TensorData};
use deepsim::loss::Divergence;
use deepsim::nets::autoencoder::Posterior;

/// Returns cases of (mean, log-variance, divergence of that normal distribution from the standard one in nats).
fn cases() -> [(f32, f32, f32); 6] {
    let ln = std::f32::consts::LN_2;
    [
        (0.0, 0.0, 0.0),
        (1.0, 0.0, 0.5),
        (-2.0, 0.0, 2.0),
        // (4 - 1 - ln 4) / 2 and (1/4 - 1 + ln 4) / 2.
        (0.0, 2.0 * ln, 1.5 - ln),
        (0.0, -2.0 * ln, ln - 0.375),
        (3.0, 2.0 * ln, 4.5 + 1.5 - ln),
    ]
}

fn column(values: &[f32], device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1, 1, 1]), device)
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

fn ensure_near(what: &str, found: &[f32], wanted: &[f32]) {
    for (place, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() < 1e-5 * (1.0 + wanted.abs()), "{what}, case {place}: {found} is not {wanted}");
    }
}

#[test]
fn the_divergence_and_its_gradients_are_the_closed_form() {
    let device = Device::flex().autodiff();
    let mean = column(&cases().map(|case| case.0), &device).require_grad();
    let log_variance = column(&cases().map(|case| case.1), &device).require_grad();
    let posterior = Posterior { mean: mean.clone(), log_variance: log_variance.clone() };
    let divergence = posterior.divergence();
    ensure_near("divergence", &values(divergence.clone().inner()), &cases().map(|case| case.2));
    let gradients = divergence.sum().backward();
    // d/dmean = mean; d/dlog variance = (variance - 1) / 2.
    ensure_near("to the mean", &values(mean.grad(&gradients).unwrap()), &cases().map(|case| case.0));
    ensure_near("to the log-variance", &values(log_variance.grad(&gradients).unwrap()), &cases().map(|case| (case.1.exp() - 1.0) / 2.0));
}

#[test]
fn a_draw_has_the_moments_and_passes_the_gradients_of_its_distribution() {
    let device = Device::flex().autodiff();
    // Noise of one and minus one has mean 0 and variance 1, so the mean of squared draws is mean^2 + variance, to the last digit.
    let mean = column(&cases().map(|case| case.0), &device).require_grad();
    let log_variance = column(&cases().map(|case| case.1), &device).require_grad();
    let posterior = Posterior { mean: mean.clone(), log_variance: log_variance.clone() };
    let draws = [1.0, -1.0].map(|noise| posterior.sample(column(&[noise; 6], &device)));
    let [up, down] = draws.clone();
    ensure_near("mean", &values(((up + down) / 2.0).inner()), &cases().map(|case| case.0));
    let square = draws.map(|draw| draw.square() / 2.0).into_iter().reduce(|sum, draw| sum + draw).unwrap();
    ensure_near("second moment", &values(square.clone().inner()), &cases().map(|case| case.0 * case.0 + case.1.exp()));
    let gradients = square.sum().backward();
    ensure_near("to the mean", &values(mean.grad(&gradients).unwrap()), &cases().map(|case| 2.0 * case.0));
    ensure_near("to the log-variance", &values(log_variance.grad(&gradients).unwrap()), &cases().map(|case| case.1.exp()));
}

#[test]
fn an_encoders_halves_are_means_and_log_variances() {
    let device = Device::flex();
    let encoded = Tensor::from_data(TensorData::new(vec![1.0f32, 2.0, 3.0, 99.0], [1, 4, 1, 1]), &device);
    let posterior = Posterior::of(encoded);
    assert_eq!(values(posterior.mean), [1.0, 2.0]);
    // Kept where its exponential is a number.
    assert_eq!(values(posterior.log_variance), [3.0, 10.0]);
}

#[test]
fn the_weight_of_the_divergence_grows_and_a_target_is_approached_from_both_sides() {
    let device = Device::flex();
    let free = Divergence { weight: 0.5, target: None, warm_up: 100 };
    let held = Divergence { target: Some(30.0), ..free };
    // (what counts, pictures seen, nats, term)
    for (divergence, seen, nats, wanted) in [
        (free, 0, 40.0, 0.0),
        (free, 50, 40.0, 10.0),
        (free, 1000, 40.0, 20.0),
        (held, 1000, 40.0, 5.0),
        (held, 1000, 20.0, 5.0),
        (Divergence { warm_up: 0, ..free }, 0, 40.0, 20.0),
    ] {
        let term = divergence.term(Tensor::from_floats([nats], &device), seen).into_scalar::<f32>();
        assert!((term - wanted).abs() < 1e-5, "{divergence:?} after {seen}: {term} is not {wanted}");
    }
}
