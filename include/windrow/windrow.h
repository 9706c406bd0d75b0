#pragma once

// Windrow: embedding tables served and trained on the CPU, straight from memory-mapped files.
//
// A table is a file, a lookup is a gather, a training step touches only the rows it used.
//
//   Table::create / open / wrap     a table: rows x dim values            table.h, vocabulary.h
//   gather, pool, dot_bags          rows by id, bags of ids               lookup.h
//   pool_many, PoolPlan             many tables, one parallel region    pool_many.h
//   embed, word_vectors             tokens and texts to vectors           embed.h, word_vectors.h
//   hash_ids                        feature keys to ids                   hash_ids.h
//   nearest                         the most similar rows                 nearest.h
//   Trainer::open, step, close      sparse optimisers in place            trainer.h, optimizer.h
//   step_many, weight_gradients     many tables; weights of bags          trainer.h, lookup.h
//   TableWriter                     a table written row by row            table_writer.h
//   verify, recover                 checksums; after a crash              maintenance.h
//   write_delta, apply_delta        what changed, for copies of a table   delta.h
//   add_state, strip                an optimiser's state, added, dropped  maintenance.h
//   windrow_open, windrow_gather    the same for C                        c_api.h
//
// Errors are values (error.h): nothing prints, aborts or throws. Numbers are a contract: the same bits on
// every CPU and for every number of threads.
//
// Caveats. A file that is truncated under a mapping is a SIGBUS at the next read. Network file systems serve
// finished files only. After fork(), a child must use threads = 1 if the parent ever used more (a limit of
// OpenMP runtimes).

#include <windrow/checkpoint.h>
#include <windrow/delta.h>
#include <windrow/embed.h>
#include <windrow/error.h>
#include <windrow/hash_ids.h>
#include <windrow/lookup.h>
#include <windrow/maintenance.h>
#include <windrow/nearest.h>
#include <windrow/optimizer.h>
#include <windrow/pool_many.h>
#include <windrow/row_format.h>
#include <windrow/subwords.h>
#include <windrow/table.h>
#include <windrow/table_writer.h>
#include <windrow/trainer.h>
#include <windrow/version.h>
#include <windrow/views.h>
#include <windrow/vocabulary.h>
#include <windrow/word_vectors.h>
