// Every optimiser, in the order of the variant `Optimizer`: read once for what they say of themselves, and once per
// target for their formulas.
#include "kernels/optimizers/adagrad-inl.h"
#include "kernels/optimizers/adam-inl.h"
#include "kernels/optimizers/ftrl-inl.h"
#include "kernels/optimizers/rowwise_adagrad-inl.h"
#include "kernels/optimizers/sgd-inl.h"
