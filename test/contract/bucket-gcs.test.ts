import { startGoogleTwin } from "../../src/twin/google/start.ts";
import { gcsBucket } from "../fakes/gcs-bucket.ts";
import { bucketContract } from "./bucket.ts";

bucketContract("GcsBucket over the stand-in", () => startGoogleTwin(), gcsBucket);
