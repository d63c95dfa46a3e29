#include "jose/scratch.hpp"

#include <utility>
#include <vector>

namespace authjwks {
namespace {

std::vector<std::unique_ptr<Scratch>>& stock_of_this_thread() {
    thread_local std::vector<std::unique_ptr<Scratch>> stock;
    return stock;
}

}  // namespace

ScratchLease::ScratchLease() {
    auto& stock = stock_of_this_thread();
    if (stock.empty()) {
        scratch_ = std::make_unique<Scratch>();
        return;
    }
    scratch_ = std::move(stock.back());
    stock.pop_back();
}

ScratchLease::~ScratchLease() { stock_of_this_thread().push_back(std::move(scratch_)); }

}  // namespace authjwks
