#ifndef WINDROW_EXPORT_H_
#define WINDROW_EXPORT_H_

/* Marks what the shared library exports; everything else in it is hidden. C and C++. */
#define WINDROW_API __attribute__((visibility("default")))

#endif /* WINDROW_EXPORT_H_ */
