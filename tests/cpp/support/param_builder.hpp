// Owners for OpenSSL's way to put together a key from numbers, which only tests need.
#pragma once

#include <memory>

#include <openssl/param_build.h>

#include "base/openssl.hpp"

namespace authjwks::support {

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, ossl::Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, ossl::Freed<OSSL_PARAM_free>>;

}  // namespace authjwks::support
